"""`python -m stationmaster` is the command line."""

from stationmaster.cli.main import main

if __name__ == "__main__":
    main()
