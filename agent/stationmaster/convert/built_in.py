"""Which converters are built in, and in what files others are found. Imports none of them."""

from __future__ import annotations

from typing import Final

MODULE, MAPPING = ".py", ".toml"
KINDS: Final = (MODULE, MAPPING)
"""Endings of files that hold converters: Python, and mappings without code."""

BUILT_INS: Final[dict[str, str]] = {
    "wsjf": "stationmaster.converters.wsjf:WsjfConverter",
    "wsxf": "stationmaster.converters.wsxf:WsxfConverter",
    "wstf": "stationmaster.converters.wstf:WstfConverter",
    "atml": "stationmaster.converters.atml:AtmlConverter",
    "teststand-xml": "stationmaster.converters.teststand_xml:TestStandXmlConverter",
    "openhtf": "stationmaster.converters.openhtf:OpenHtfConverter",
    "junit": "stationmaster.converters.junit:JUnitConverter",
    "xjtag": "stationmaster.converters.xjtag:XjtagConverter",
    "klippel": "stationmaster.converters.klippel:KlippelConverter",
    "listen-soundcheck": "stationmaster.converters.listen_soundcheck:ListenSoundCheckConverter",
    "saki-aoi": "stationmaster.converters.saki_aoi:SakiAoiConverter",
    "viscom-aoi": "stationmaster.converters.viscom_aoi:ViscomAoiConverter",
    "sigmaquest-xml": "stationmaster.converters.sigmaquest_xml:SigmaQuestXmlConverter",
    "stepwize": "stationmaster.converters.stepwize:StepWizeConverter",
    "i3070": "stationmaster.converters.i3070:I3070Converter",
    "spea-3030": "stationmaster.converters.spea_3030:Spea3030Converter",
    "takaya": "stationmaster.converters.takaya:TakayaConverter",
    "teradyne-gr228x": "stationmaster.converters.teradyne_gr228x:Gr228xConverter",
    "teradyne-spectrum": "stationmaster.converters.teradyne_spectrum:SpectrumConverter",
    "ict-text": "stationmaster.converters.ict_text:IctTextConverter",
    "ipc-cfx": "stationmaster.converters.ipc_cfx:IpcCfxConverter",
    "robot": "stationmaster.converters.robot:RobotConverter",
    "fct-csv": "stationmaster.converters.fct_csv:FctCsvConverter",
    "litepoint-csv": "stationmaster.converters.litepoint_csv:LitePointCsvConverter",
    "stdf": "stationmaster.converters.stdf:StdfConverter",
    "tdms": "stationmaster.converters.tdms:TdmsConverter",
}
"""Name -> `module:Class`."""
