"""What all detectors use: model, units, geometry, fleet state, the engine."""
