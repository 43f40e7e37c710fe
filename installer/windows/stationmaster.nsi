; The setup for Windows: `makensis` of NSIS 3, called by build_setup.py with VERSION, FOUR, PROGRAMS, ICON, OUT, SIGN.
; For one user, without asking for administrator's rights; /S installs silently, /D=FOLDER elsewhere.
Unicode true
Target amd64-unicode
!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"

!define NAME "Stationmaster"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${NAME}"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"

Name "${NAME}"
OutFile "${OUT}"
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
InstallDirRegKey HKCU "${UNINSTALL}" "InstallLocation"
SetCompress off ; the programs are compressed inside
ShowInstDetails nevershow
ShowUninstDetails nevershow

VIProductVersion "${FOUR}"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "FileDescription" "${NAME} Setup"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "CompanyName" "${PUBLISHER}"
VIAddVersionKey "LegalCopyright" "Apache-2.0"

!define MUI_ICON "${ICON}"
!define MUI_UNICON "${ICON}"
!define MUI_FINISHPAGE_RUN "$INSTDIR\stationmaster-tray.exe"
!define MUI_FINISHPAGE_RUN_TEXT "Start ${NAME}"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

!ifdef SIGN
  !uninstfinalize '${SIGN} "%1"' = 0
!endif

Var AgentRan
Var TrayRan

; A program that runs cannot be replaced: ask it to go. The spool is safe at any moment.
!macro FUNCTIONS un
Function ${un}StartAgain ; what ran before
  ${If} $AgentRan == 1
    nsExec::Exec /TIMEOUT=90000 '"$INSTDIR\stationmaster.exe" agent start' ; by its task, where there is one
    Pop $0
  ${EndIf}
  ${If} $TrayRan == 1
    Exec '"$INSTDIR\stationmaster-tray.exe" --hidden'
  ${EndIf}
FunctionEnd

Function ${un}IsFree ; is nothing running of the file $2? Answers in $0.
  StrCpy $0 1
  ${If} ${FileExists} "$2"
    ClearErrors
    FileOpen $3 "$2" a
    ${If} ${Errors}
      StrCpy $0 0
    ${Else}
      FileClose $3
    ${EndIf}
  ${EndIf}
FunctionEnd

Function ${un}EndPrograms
  StrCpy $AgentRan 0
  StrCpy $TrayRan 0
  ; Not what it started: the agent has an ordered end of its own.
  nsExec::Exec 'taskkill /F /IM stationmaster-tray.exe'
  Pop $0
  ${If} $0 == 0
    StrCpy $TrayRan 1
  ${EndIf}
  ${For} $1 1 10
    ${If} ${FileExists} "$INSTDIR\stationmaster.exe"
    ${AndIf} $1 <= 3
      nsExec::Exec /TIMEOUT=90000 '"$INSTDIR\stationmaster.exe" agent stop'
      Pop $0
      ${If} $0 == 0 ; it has stopped
      ${OrIf} $0 == 1 ; it is there, and is slow or refuses
        StrCpy $AgentRan 1
      ${EndIf}
    ${EndIf}
    StrCpy $2 "$INSTDIR\stationmaster.exe"
    Call ${un}IsFree
    ${If} $0 == 1
      StrCpy $2 "$INSTDIR\stationmaster-tray.exe"
      Call ${un}IsFree
      ${If} $0 == 1
        Return
      ${EndIf}
    ${EndIf}
    Sleep 1000
  ${Next}
  Call ${un}StartAgain
  MessageBox MB_OK|MB_ICONSTOP "$2 still runs. Nothing was changed.$\r$\n$\r$\nEnd it, in the Task Scheduler if it \
    is the machine's service, and try again." /SD IDOK
  SetErrorLevel 1
  Abort "$2 still runs. Nothing was changed."
FunctionEnd
!macroend
!insertmacro FUNCTIONS ""
!insertmacro FUNCTIONS "un."

Section "${NAME}"
  Call EndPrograms
  SetOutPath "$INSTDIR"
  File "${PROGRAMS}\stationmaster.exe"
  File "${PROGRAMS}\stationmaster-tray.exe"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\stationmaster-tray.exe"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "${NAME}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "${PUBLISHER}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\stationmaster-tray.exe"
  WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  IntFmt $0 "0x%08X" $0
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" "$0"
  Call StartAgain
SectionEnd

; Settings, reports and tokens stay: they are the station's, and the next setup finds them.
Section "Uninstall"
  Call un.EndPrograms
  ${If} ${FileExists} "$INSTDIR\stationmaster.exe"
    nsExec::Exec /TIMEOUT=90000 '"$INSTDIR\stationmaster.exe" agent uninstall' ; its task would find no program
    Pop $0
  ${EndIf}
  Delete "$INSTDIR\stationmaster.exe"
  Delete "$INSTDIR\stationmaster-tray.exe"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  DeleteRegValue HKCU "${RUN}" "stationmaster-tray"
  DeleteRegValue HKCU "${RUN}" "stationmaster-tray-machine"
  DeleteRegKey HKCU "${UNINSTALL}"
SectionEnd
