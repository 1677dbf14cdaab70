"""The alert topic as rows that Grafana's Prometheus data source reads. Rows are answers to a question, not metrics:
nothing scrapes them and nothing stores them, so that they may name ships."""
