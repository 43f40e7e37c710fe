"""The built-in converters, one module per format. They use `stationmaster.api` and nothing else of ours."""
