"""What every detector stands on: model, units, geometry, fleet state, the engine."""
