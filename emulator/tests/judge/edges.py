"""Values at the edges of each type, as SQL; the first of a list is an ordinary one."""

import re

BIGGEST = "578960446186580977117854925043439539266.349923328202820197287920039565648199"  # but two digits
SCALARS: dict[str, list[str]] = {
    "INT64": ["2", "0", "-1", "1", "-7", "100", "9223372036854775807", "-9223372036854775808"],
    "FLOAT64": ["1.5", "0.0", "-0.0", "-2.5", "0.5", "1.0", "CAST('nan' AS FLOAT64)",
                "CAST('inf' AS FLOAT64)",
                "CAST('-inf' AS FLOAT64)", "1.7976931348623157e308", "5e-324", "1e15", "-1234567.891"],
    "NUMERIC": ["NUMERIC '1.5'", "NUMERIC '0'", "NUMERIC '-2.5'", "NUMERIC '0.000000001'", "NUMERIC '100'",
                "NUMERIC '99999999999999999999999999999.999999999'",
                "NUMERIC '-99999999999999999999999999999.999999999'"],
    "BIGNUMERIC": ["BIGNUMERIC '1.5'", "BIGNUMERIC '0'", "BIGNUMERIC '-2.5'",
                   "BIGNUMERIC '0.00000000000000000000000000000000000001'",
                   f"BIGNUMERIC '{BIGGEST}67'", f"BIGNUMERIC '-{BIGGEST}68'"],
    "BOOL": ["TRUE", "FALSE"],
    "STRING": ["'abcab'", "''", "'b'", "'é'", "'e\\u0301'", "'😀b'", "'ÀÉßıİ'", "'  a b '", "'a,b,,c'",
               "'%_a'", "'ab\\ncd'",
               "'12'", "'日本語'"],
    "BYTES": ["b'abcab'", "b''", "b'b'", "b'\\xff\\xfe'", "b'\\x00a'", "b'\\xc3\\xa9'"],
    "DATE": ["DATE '2024-02-29'", "DATE '0001-01-01'", "DATE '9999-12-31'", "DATE '1969-12-31'",
             "DATE '2021-01-03'",
             "DATE '2020-12-31'", "DATE '1900-02-28'"],
    "DATETIME": ["DATETIME '2024-02-29 12:34:56.789012'", "DATETIME '0001-01-01 00:00:00'",
                 "DATETIME '9999-12-31 23:59:59.999999'", "DATETIME '1969-12-31 23:59:59.5'",
                 "DATETIME '2021-03-14 02:30:00'", "DATETIME '2020-12-31 00:00:00'"],
    "TIME": ["TIME '12:34:56.789012'", "TIME '00:00:00'", "TIME '23:59:59.999999'", "TIME '01:02:03'"],
    "TIMESTAMP": ["TIMESTAMP '2024-02-29 12:34:56.789012+00'", "TIMESTAMP '0001-01-01 00:00:00+00'",
                  "TIMESTAMP '9999-12-31 23:59:59.999999+00'", "TIMESTAMP '1969-12-31 23:59:59.5+00'",
                  "TIMESTAMP '2021-03-14 10:00:00+00'", "TIMESTAMP '2021-11-07 09:30:00+05:45'",
                  "TIMESTAMP '2020-12-31 00:00:00+00'"],
    "INTERVAL": ["INTERVAL '1-2 3 4:5:6.789' YEAR TO SECOND", "INTERVAL 0 DAY", "INTERVAL -1 MONTH",
                 "INTERVAL 36 HOUR",
                 "INTERVAL -45 DAY", "INTERVAL '-0-1 2 -3:0:0' YEAR TO SECOND", "INTERVAL 10000 YEAR"],
    "JSON": ["JSON '{\"a\": {\"b\": [1, 2.5, \"x\", null, true]}, \"c\": \"y\"}'", "JSON 'null'",
             "JSON '[]'", "JSON '{}'",
             "JSON '1'", "JSON '-1.5'", "JSON '\"é😀\"'", "JSON 'true'", "JSON '[1, [2, {\"a\": null}]]'",
             "JSON '18446744073709551615'", "JSON '1e100'", "JSON '\"12\"'"],
    "RANGE<DATE>": ["RANGE(DATE '2020-01-01', DATE '2020-03-01')", "RANGE(DATE '2020-02-01', NULL)",
                    "RANGE(CAST(NULL AS DATE), NULL)", "RANGE<DATE> '[UNBOUNDED, 2020-01-01)'"],
    "RANGE<DATETIME>": ["RANGE(DATETIME '2020-01-01 00:00:00', DATETIME '2020-01-03 12:00:00')",
                        "RANGE(DATETIME '2020-01-02 00:00:00', NULL)"],
    "RANGE<TIMESTAMP>": ["RANGE(TIMESTAMP '2020-01-01 00:00:00+00', TIMESTAMP '2020-01-03 12:00:00+00')",
                         "RANGE(TIMESTAMP '2020-01-02 00:00:00+00', NULL)"],
    "STRUCT<a INT64, b STRING>": ["STRUCT(1 AS a, 'x' AS b)", "STRUCT(CAST(NULL AS INT64) AS a, '' AS b)"],
}  # fmt: skip
# The types that a function of "any type" is tried with.
ANY = ("INT64", "FLOAT64", "STRING", "NUMERIC", "DATE", "TIMESTAMP", "BYTES", "BOOL", "BIGNUMERIC",
"DATETIME", "TIME",
       "INTERVAL", "JSON", "RANGE<DATE>", "STRUCT<a INT64, b STRING>", "ARRAY<INT64>",
       "ARRAY<STRING>")  # fmt: skip
STRUCT = re.compile(r"STRUCT<(.*)>")
ARRAY = re.compile(r"ARRAY<(.*)>")


def null(kind: str) -> str:
    """A NULL of the type."""
    return f"CAST(NULL AS {kind})"


def values(kind: str) -> list[str]:
    """Edge values of any type, NULL among them; an unknown type has none."""
    if found := SCALARS.get(kind):
        return [found[0], null(kind), *found[1:]]
    if match := ARRAY.fullmatch(kind):
        items = values(match[1])
        if not items:
            return []
        first, _, *others = items
        second = others[0] if others else first
        lists = [
            [first, second, first],
            [],
            [first, null(match[1]), second],
            [second],
            [others[-1] if others else first],
        ]
        return [f"{kind}[{', '.join(items)}]" for items in lists] + [null(kind)]
    if match := STRUCT.fullmatch(kind):  # of two unnamed fields: a sparse vector's dimension and value
        kinds = [field.split(" ", 1)[1] for field in match[1].split(", ")]
        columns = [values(field) for field in kinds]
        if not all(columns):
            return []
        plain = re.sub(r"_field_\d+ ", "", kind)
        return [f"{plain}({', '.join(c[0] for c in columns)})", null(plain),
                *(f"{plain}({', '.join(c[at] for c in columns)})" for at in (2, 3))]  # fmt: skip
    return []


COUNTS = ["3", null("INT64"), "0", "-1", "1", "7", "20", "-9223372036854775808"]  # of characters, bounded
PATTERNS = ["'a.'", null("STRING"), "''", "'(b)(c)?'", "'^a|b$'", "'('", "'(?i)B'", "'\\\\pL+'", "'.'",
            "'(?P<x>c)'", "'b*'",
            "'\\\\d'", "'é'"]  # fmt: skip
BYTE_PATTERNS = ["b'a.'", null("BYTES"), "b''", "b'(b)(c)?'", "b'('", "b'\\\\xff'", "b'.'"]
LIKES = ["'a%'", null("STRING"), "''", "'%'", "'_b%'", "'%\\\\%%'", "'é'", "'abcab'", "'a\\\\'", "'_'"]
BYTE_LIKES = ["b'a%'", null("BYTES"), "b''", "b'%'", "b'_'", "b'a\\\\'"]
REWRITES = ["'x'", null("STRING"), "''", "'<\\\\0>'", "'\\\\1'", "'\\\\9'", "'\\\\'"]
JSON_TEXTS = ["'{\"a\": {\"b\": [1, 2.5, \"x\", null]}, \"c\": \"y\", \"b c\": true}'", null("STRING"), "''",
              "'null'", "'[]'",
              "'{\"a\": 1, \"a\": 2}'", "'{bad'", "'1e400'", "'123456789012345678901234567890'",
              "'\"\\\\u00e9\"'",
              "'[1, [2]]'", "' { \"a\" : 1.0 } '", "'0.1234567890123456789'"]  # fmt: skip
PATHS = ["'$.a'", null("STRING"), "'$'", "'$.a.b[1]'", "'$.a.b'", "'$[0]'", "'$.c'", "'$[\"b c\"]'",
         "'$.\"b c\"'", "'$[\\'b c\\']'",
         "'lax $.a.b'", "'$.'", "''", "'a'", "'$.A'", "'$.a.b[9]'", "'$.a[*]'"]  # fmt: skip
ZONES = ["'America/Los_Angeles'", null("STRING"), "'UTC'", "'+05:45'", "'-8'", "'Asia/Kathmandu'",
         "'Europe/Amsterdam'", "''",
         "'Bad/Zone'", "'+15:00'"]  # fmt: skip
HOSTS = ["'http://www.Google.co.uk:80/a?b#c'", null("STRING"), "''", "'mailto:a@b.com'",
         "'//user:pass@a.example.com'",
         "'example'", "'http://[::1]/x'", "'http://1.2.3.4'", "'www.例え.jp'", "' http://a.b. '", "'co.uk'",
         "'a..b'"]  # fmt: skip
ADDRESSES = ["'10.1.2.3'", null("STRING"), "''", "'::1'", "'2001:db8::ff00:42:8329'", "'1.2.3'",
             "'256.1.1.1'", "'1.2.3.4/8'",
             "'::ffff:1.2.3.4'"]  # fmt: skip
PACKED = ["b'\\x0a\\x01\\x02\\x03'", null("BYTES"), "b''", "b'\\x00'",
          "b'\\x20\\x01\\x0d\\xb8\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01'",
          "b'\\xff\\xff\\xff\\xff'"]  # fmt: skip
HEX = ["'00ffAB'", "''", "'abc'", "'zz'", "'0'", "'é'"]
BASE64 = ["'YWJj'", "''", "'YQ=='", "'YQ'", "'/+8='", "'_-8='", "'!!'", "' YWJj '", "'YW\\nJj'"]
BASE32 = ["'MFRGG==='", "''", "'MFRGG'", "'mfrgg==='", "'1'", "'ME======'"]
NUMBERS = ["'1.5'", null("STRING"), "''", "' -12 '", "'1e3'", "'1,234.5'", "'+ 7'", "'12-'", "'nan'", "'.5'",
           "'5.'", "'0x1F'",
           "'1.0000000005'", "'99999999999999999999999999999.9999999995'", "'1e40'", "'1 2'", "'--1'",
           "'1e-40'"]  # fmt: skip
POINTS = ["1114111", "97", null("INT64"), "0", "-1", "233", "128512", "55296", "1114112", "255", "256"]
CAST_TEXTS = {
    "INT64": ["'12'", "' 12 '", "'-0'", "'+5'", "'0x1F'", "'-0xff'", "'1.0'", "'1e3'", "''",
              "'9223372036854775808'", "'１'"],
    "FLOAT64": ["'1.5'", "'NaN'", "'+inf'", "'-Infinity'", "'infinity'", "'1e400'", "'-0'", "'1e-400'",
                "' 2 '", "''", "'0x1p3'",
                "'1_0'", "'.5'"],
    "NUMERIC": NUMBERS, "BIGNUMERIC": NUMBERS,
    "BOOL": ["'true'", "'FALSE'", "'t'", "'1'", "' true'", "''"],
    "STRING": ["'a'"],
    "BYTES": ["'é'", "''"],
    "DATE": ["'2024-02-29'", "'2023-02-29'", "'2024-2-9'", "'20240229'", "'2024-02-29 12:00:00'",
             "' 2024-02-29 '", "'0001-01-01'",
             "'10000-01-01'", "''", "'2024-02-29T00:00:00Z'"],
    "DATETIME": ["'2024-02-29 12:34:56'", "'2024-02-29T12:34:56.123456'", "'2024-02-29'",
                 "'2024-02-29 12:34'", "'2024-2-9 1:2:3'",
                 "'2024-02-29 12:34:56Z'", "'2024-02-29 24:00:00'", "'2024-02-29 12:34:56.1234567'",
                 "'2024-02-29 23:59:60'", "''"],
    "TIME": ["'12:34:56'", "'1:2:3'", "'12:34'", "'24:00:00'", "'12:34:56.123456'", "'12:34:56.1234567'",
             "'23:59:60'", "''"],
    "TIMESTAMP": ["'2024-02-29 12:34:56'", "'2024-02-29 12:34:56+01'",
                  "'2024-02-29 12:34:56 America/Los_Angeles'", "'2024-02-29T12:34:56Z'",
                  "'2024-02-29'", "'2024-02-29+02:30'", "'2021-03-14 02:30:00 America/Los_Angeles'",
                  "'2024-02-29 12:34:56 PST'",
                  "'2024-02-29 12:34:56.1234567Z'", "''"],
    "INTERVAL": ["'1-2 3 4:5:6'", "'P1Y2M3DT4H5M6.5S'", "'-1-2 -3 -4:5:6'", "'1'", "''", "'PT36H'"],
    "JSON": ["'1'"],
    "RANGE<DATE>": ["'[2020-01-01, 2020-02-01)'", "'[UNBOUNDED, NULL)'", "'[2020-02-01, 2020-01-01)'", "''"],
}  # fmt: skip
FORMATS = {  # of FORMAT(), by the type of the value
    "INT64": ["%d", "%i", "%5d|", "%-5d|", "%+d", "%05d", "%'d", "%x", "%X", "%o", "%#x", "% d", "%'x", "%t",
              "%T", "%s", "%f", "%u",
              "%.4d", "%%%d"],
    "FLOAT64": ["%f", "%.2f", "%e", "%g", "%G", "%E", "%'.2f", "%10.3f|", "%-10.1f|", "%+.1f", "%010.2f",
                "%.0f", "%#.0f", "%F", "%a",
                "%t", "%T", "%d", "%.20g"],
    "NUMERIC": ["%f", "%.2f", "%e", "%g", "%'.2f", "%t", "%T", "%15.3f|"],
    "BIGNUMERIC": ["%f", "%g", "%t", "%T"],
    "STRING": ["%s", "%10s|", "%-10s|", "%.2s|", "%t", "%T", "%d", "%5.1s|", "%p"],
    "BYTES": ["%s", "%t", "%T"],
    "JSON": ["%p", "%P", "%t", "%T"],
}  # fmt: skip
ELEMENTS = (*"AaBbCcDdeFGgHhIjklMmnPpQRrSsTtUuVWwXxYyZz%", *"E4Y E3S E6S E*S Ez Ey Od J f E0S E9S".split())
CAST_FORMATS = [
    ("STRING", value, text)
    for value, texts in {
        "DATE '2024-02-29'": ["YYYY-MM-DD", "YY/MM/DD", "DAY, DD MONTH YYYY", "Dy Mon", "DDD", "D", "Q",
                              "YYY", "Y", "RRRR", "HH24", "WW",
                              '"x"YYYY', "yyyy", ""],
        "DATETIME '2024-02-29 15:04:05.678901'": ["HH24:MI:SS", "HH12:MI AM", "HH:MI:SS.FF3", "SSSSS", "FF6",
                                                  "P.M.", "YYYY-MM-DD HH24"],
        "TIME '00:00:00'": ["HH12:MI:SS A.M.", "HH24"],
        "TIMESTAMP '2021-03-14 10:00:00+00'": ["YYYY-MM-DD HH24:MI TZH:TZM", "TZH", "TZM"],
        "12": ["999", "000", "$99", "XXXX", "S99", "9.9", "99MI", "FM999", "9,999", "EEEE", "9.9EEEE", "TM",
               "RN", "99PR", "V9", "B99", "#"],
        "-1234.567": ["9,999.99", "99999.0", "9.99EEEE", "99", "999999PR", "TM9", "TME", "FM9999.999"],
        "NUMERIC '0.5'": ["0.99", "9.99", "TM"],
        "b'\\x00\\xff'": ["HEX", "BASE64", "BASE32", "BASE64M", "BASE2", "BASE8", "BASE16", "ASCII", "UTF-8",
                          "X"],
    }.items() for text in texts
] + [
    (kind, repr(text), pattern)
    for kind, text, pattern in [
        ("DATE", "29 Feb 2024", "DD Mon YYYY"), ("DATE", "02/29/24", "MM/DD/YY"), ("DATE", "2024-060",
        "YYYY-DDD"), ("DATE", "x", "YYYY"),
        ("DATE", "2023-02-29", "YYYY-MM-DD"), ("TIME", "3:04 PM", "HH12:MI PM"), ("DATETIME",
        "2024-02-29 15:04:05", "YYYY-MM-DD HH24:MI:SS"),
        ("TIMESTAMP", "2024-02-29 15:04 +05:45", "YYYY-MM-DD HH24:MI TZH:TZM"), ("BYTES", "00ff", "HEX"),
        ("BYTES", "AP8=", "BASE64"),
        ("BYTES", "xx", "HEX"), ("INT64", "12", "99"), ("BYTES", "abc", "UTF-8"),
    ]
]  # fmt: skip
