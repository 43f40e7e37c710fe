"""`python -m stationmaster_tray`."""

from stationmaster_tray.main import main

if __name__ == "__main__":
    main()
