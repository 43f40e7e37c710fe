"""What columns, keys and verdicts are called, in eight languages.

They are English, German, French, Spanish, Italian, Polish, Czech and simplified Chinese. In each list the
names that fit best come first.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_HEADER: Final = {
    "sn": """serial number, serial no, serial, sn, dut id, dut, uut, uut serial, unit serial,
        unit id, unit number, unit no,
        traceability number, barcode, Seriennummer, Serien-Nr, Seriennr, Gerätenummer, Fabriknummer,
        numéro de série, n° de série, no de série, número de serie, nº de serie, nro de serie,
        numero di serie, numero seriale, seriale, matricola, numer seryjny, nr seryjny,
        sériové číslo, výrobní číslo, 序列号, 产品序列号, 条码, 条形码""",
    "pn": """part number, part no, pn, part, product, product number, article, article number, item,
        model, lot part number, Artikelnummer, Artikel-Nr, Artikel, Sachnummer, Materialnummer,
        Teilenummer, Produktnummer, Produkt, numéro d'article, référence article, code article,
        référence, produit, número de parte, número de pieza, código de producto, artículo,
        referencia, producto, modelo, codice articolo, codice prodotto, articolo, prodotto, modello,
        numer artykułu, nr artykułu, numer części, artykuł, číslo dílu, číslo výrobku, výrobek,
        artikl, 料号, 物料编码, 物料号, 零件号, 产品编号, 产品型号, 型号, 产品""",
    "rev": """revision, rev, part revision, hw revision, Änderungsstand, Index, révision, indice, revisión,
        revisione, rewizja, revize, 版本, 版次""",
    "process": """operation, operation type, operation type code, process, process code, test stage,
        stage, Arbeitsgang, Vorgang, Prüfart, opération, operación, proceso, operazione, processo,
        operacja, proces, operace, 工序, 工站""",
    "program": """program, test program, sequence, sequence name, test plan, recipe, Prüfprogramm,
        Prüfplan, Programm, programme de test, programme, programa de prueba, programa,
        programma di prova, programma, program testowy, testovací program, 测试程序, 程序""",
    "result": """result, overall result, overall status, overall, status, verdict, test result,
        uut result, outcome, Gesamtergebnis, Ergebnis, Prüfergebnis, Bewertung, Urteil,
        résultat global, résultat, resultado global, resultado, esito finale, esito, risultato,
        wynik końcowy, wynik, ocena, celkový výsledek, výsledek, hodnocení, 总结果, 最终结果,
        测试结果, 结果, 判定""",
    "start": """start time, start date, start, date time, timestamp, test date, test time, started,
        begun, begin, date, time, Startzeit, Beginn, Prüfdatum, Zeitstempel, Datum und Uhrzeit,
        Datum Uhrzeit, Datum, heure de début, début, horodatage, date et heure, date de test,
        hora de inicio, inicio, fecha y hora, fecha de prueba, fecha, ora inizio, inizio,
        data e ora, data di prova, data, czas rozpoczęcia, początek, data i godzina, data testu,
        čas začátku, začátek, datum a čas, datum testu, 开始时间, 测试时间, 测试日期, 日期, 时间""",
    "end": """end time, end date, end, stop time, finished, Endzeit, Ende, heure de fin, fin,
        hora de fin, ora fine, fine, czas zakończenia, koniec, čas konce, konec, 结束时间""",
    "seconds": """testing time, execution time, duration, elapsed, cycle time, test duration,
        seconds, Prüfdauer, Prüfzeit, Testdauer, Taktzeit, Dauer, temps de test, temps de cycle,
        durée, tiempo de prueba, tiempo de ciclo, duración, tempo di prova, tempo ciclo, durata,
        czas testu, czas cyklu, czas trwania, doba testu, doba trvání, trvání, 测试耗时, 耗时,
        用时""",
    "user": """operator, user, username, operator name, tested by, Prüfer, Bediener, Benutzer,
        Werker, opérateur, utilisateur, operador, operario, usuario, operatore, collaudatore,
        utente, użytkownik, pracownik, operátor, obsluha, uživatel, 操作员, 测试员, 作业员, 用户""",
    "station": """station, station id, station name, machine, machine id, tester, tester id, host,
        hostname, Prüfplatz, Prüfstand, Arbeitsplatz, Maschine, poste de test, banc de test, poste,
        banc, estación, puesto, máquina, equipo, stazione, postazione, macchina, banco, stanowisko,
        stacja, maszyna, stanice, pracoviště, stroj, 工位, 测试台, 机台, 设备编号, 设备""",
    "batch": """batch, batch number, lot, lot id, order, order number, work order, Charge,
        Chargennummer, Los, Losnummer, Fertigungsauftrag, Auftragsnummer, Auftrag, numéro de lot,
        ordre de fabrication, número de lote, lote, orden, numero lotto, lotto, commessa, ordine,
        numer partii, partia, numer zlecenia, zlecenie, šarže, dávka, číslo zakázky, zakázka, 批次,
        批号, 工单号, 工单""",
    "fixture": """fixture, fixture id, adapter, Prüfadapter, Vorrichtung, outillage, utillaje,
        attrezzatura, przyrząd, přípravek, 治具编号, 治具, 夹具""",
}
_STEP: Final = {
    "name": """step name, step, test step, test name, test, name, measurement, parameter, item,
        description, label, Prüfschritt, Testschritt, Schritt, Prüfmerkmal, Merkmal, Messgröße,
        Prüfung, Bezeichnung, Beschreibung, nom de l'étape, étape de test, étape, nom du test,
        pas de test, désignation, libellé, essai, nom, paso de prueba, paso, nombre de la prueba,
        prueba, ensayo, característica, nombre, denominación, descripción, passo di prova, passo,
        prova, caratteristica, nome, denominazione, descrizione, krok testu, krok, nazwa testu,
        próba, nazwa, opis, název testu, zkouška, název, popis, parametr, 测试步骤, 步骤, 测试项目,
        测试项, 测试名称, 项目, 名称, 描述""",
    "value": """value, val, measured value, meas result, measured, measure, reading, actual,
        result value, Messwert, Istwert, Ist, Wert, valeur mesurée, valeur de mesure, mesure,
        valeur, valor medido, medición, medida, lectura, valor, valore misurato, misura, lettura,
        valore, wartość zmierzona, wynik pomiaru, pomiar, wartość, naměřená hodnota,
        změřená hodnota, měření, hodnota, 测量值, 实测值, 测试值, 测试数据, 数值, 值, data""",
    "low": """low, lo, low limit, low lim, lo limit, lower, lower limit, min, minimum, lsl,
        min value, limit low, Untergrenze, untere Grenze, unterer Grenzwert, UGW, Mindestwert,
        limite inférieure, limite basse, limite inf, borne inférieure, seuil bas, valeur min, mini,
        límite inferior, lím inf, valor mínimo, mínimo, limite inferiore, lim inf, valore minimo,
        minimo, dolna granica, granica dolna, limit dolny, dolny limit, dolní mez, spodní mez,
        dolní limit, 下限, 下限值, 最小值""",
    "high": """high, hi, high limit, high lim, hi limit, upper, upper limit, max, maximum, usl,
        max value, limit high, Obergrenze, obere Grenze, oberer Grenzwert, OGW, Höchstwert,
        limite supérieure, limite haute, limite sup, borne supérieure, seuil haut, valeur max, maxi,
        límite superior, lím sup, valor máximo, máximo, limite superiore, lim sup, valore massimo,
        massimo, górna granica, granica górna, limit górny, górny limit, maksimum, horní mez,
        horní limit, 上限, 上限值, 最大值""",
    "unit": """unit, units, uom, Einheit, Maßeinheit, Einh, unité, unidad, unidades,
        unità di misura, unità, UM, jednostka, jedn, jednotka, 单位""",
    "status": """status, result, verdict, pass fail, state, outcome, judgement, judgment, pf,
        test status, Ergebnis, Bewertung, Urteil, Resultat, résultat, statut, sanction, état,
        resultado, veredicto, estado, esito, risultato, stato, wynik, ocena, výsledek, hodnocení,
        stav, 结果, 测试结果, 判定, 状态""",
    "limits": """limits, limit, tolerance, spec, Grenzen, Grenzwerte, Toleranz, limites, tolérance,
        límites, tolerancia, limiti, tolleranza, limity, tolerancja, granice, meze, 限值, 规格,
        范围, 公差""",
    "comp": """comparison, operator, comp, comp op, Vergleich, comparaison, comparación, confronto,
        porównanie, porovnání, 比较方式, 比较""",
    "text": """remark, remarks, comment, comments, note, notes, Bemerkung, Kommentar, Hinweis, remarque,
        commentaire, observación, observaciones, comentario, nota, commento, uwagi, uwaga, komentarz,
        poznámka, komentář, 备注, 说明""",
}
_VERDICTS: Final = {
    "P": """i.O., io, in Ordnung, bestanden, gut, bon, conforme, réussi, validé, aprobado, correcto,
        pasa, bueno, superato, positivo, buono, pozytywny, dobry, poprawny, zaliczony, vyhověl,
        vyhovuje, dobrý, v pořádku, 合格, 通过, 良品, 正常""",
    "F": """n.i.O., nio, nicht in Ordnung, nicht bestanden, schlecht, durchgefallen, mauvais,
        non conforme, échec, échoué, refusé, rechazado, incorrecto, fallo, no pasa, malo,
        no conforme, non superato, negativo, scarto, negatywny, zły, niepoprawny, niezaliczony,
        nevyhověl, nevyhovuje, špatný, vadný, 不合格, 失败, 不良, 不良品, 未通过""",
    "S": """übersprungen, nicht geprüft, ignoré, non testé, omitido, no probado, saltato, pominięty,
        přeskočeno, 跳过""",
}


def folded(name: str) -> str:
    """A name without case, accents, blanks and signs: "Serial #:" and "SerialNumber" are alike."""
    plain = (
        re.sub(r"(?<=[a-z])At$", "", name)
        .casefold()
        .removesuffix("_at")
        .replace("#", "number")
        .replace("ł", "l")
    )
    plain = plain.replace("s/n", "sn").replace("p/n", "pn")
    plain = unicodedata.normalize("NFKD", re.sub(r"\([^)]*\)|\uff08[^\uff09]*\uff09", "", plain))
    return "".join(sign for sign in plain if sign.isalpha())


def _words(names: str) -> list[str]:
    """The names, folded; where an umlaut is written with an e, too."""
    found: list[str] = []
    for name in names.split(","):
        spelled = name.casefold().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"})
        found += [folded(name), folded(spelled)]
    return list(dict.fromkeys(found))


HEADER: Final = {role: _words(names) for role, names in _HEADER.items()}
"""Field of the report -> what keys and columns for it are called, folded."""
STEP: Final = {role: _words(names) for role, names in _STEP.items()}
"""Part of a step -> what columns for it are called, folded."""
DAYS: Final = frozenset(_words("date, Datum, fecha, data, 日期"))
"""Names of a column with a date alone ..."""
CLOCKS: Final = frozenset(
    _words("time, clock, time of day, Uhrzeit, Zeit, heure, hora, ora, godzina, czas, čas, 时间")
)
"""... and of one with the time of that day beside it."""
VERDICTS: Final = {word: verdict for verdict, names in _VERDICTS.items() for word in _words(names)}
"""Words for a verdict that are not English, folded -> `P`, `F` or `S`."""
