"""Networks on imperfect chips: noise models, calibrators, which calibration runs on which chip; 8-bit integers."""
