"""The alert topic as rows for Grafana's Prometheus data source. Rows are answers to queries, not metrics: they are
not scraped and not stored, so they may name ships."""
