use std::io::Write;

use diesel::prelude::*;

use super::*;
use crate::clock::Timestamp;
use crate::db::schema::{audit as audit_table, stores};
use crate::store::testing::{TestBase, databases, sqlite};

fn clock() -> Clock {
    Clock::fixed(Timestamp(1_000))
}

async fn import(base: &TestBase, strict: bool, text: impl Into<Vec<u8>>) -> Result<Report> {
    import_to(base, strict, text, std::env::temp_dir().join("never.rejected.jsonl")).await
}

async fn import_to(
    base: &TestBase,
    strict: bool,
    text: impl Into<Vec<u8>>,
    rejects: PathBuf,
) -> Result<Report> {
    let plan = Import {
        entity: Entity::Stores,
        format: None,
        strict,
        name: "test".into(),
        rejects,
        limits: None,
    };
    let input = Box::new(std::io::Cursor::new(text.into()));
    run(&base.db(), &clock(), &Actor::operator(), plan, input, &|_, _| {}).await
}

fn names(base: &mut TestBase) -> Vec<(String, Option<String>)> {
    stores::table
        .order(stores::domain)
        .select((stores::domain, stores::name))
        .load(&mut base.conn)
        .unwrap()
}

#[tokio::test]
async fn a_second_run_changes_nothing_even_where_keys_repeat() {
    for mut base in databases() {
        let text = "{\"domain\":\"a.example\",\"name\":\"A\",\"plus\":true}\n\
                    {\"domain\":\"b.example\"}\n\n\
                    {\"domain\":\"www.a.example\",\"name\":\"B\"}\n";
        let first = import(&base, false, text).await.unwrap();
        let counts = (first.read, first.inserted, first.repeated, first.rejected);
        assert_eq!(counts, (3, 2, 1, 0));
        assert_eq!(names(&mut base)[0].1.as_deref(), Some("B"), "the last one holds");
        let plus: Option<bool> = stores::table.select(stores::plus).first(&mut base.conn).unwrap();
        assert_eq!(plus, Some(true), "what the last one does not say stays");
        let second = import(&base, false, text).await.unwrap();
        assert_eq!((second.inserted, second.updated, second.unchanged), (0, 0, 2));
        let entries: Vec<(String, String)> = audit_table::table
            .order(audit_table::id)
            .select((audit_table::action, audit_table::detail))
            .load(&mut base.conn)
            .unwrap();
        let actions: Vec<_> = entries.iter().map(|(action, _)| action.as_str()).collect();
        assert_eq!(actions, ["import_begun", "imported", "import_begun", "imported"]);
        assert!(entries[3].1.contains("\"unchanged\":2"), "{}", entries[3].1);
    }
}

#[tokio::test]
async fn bad_lines_are_put_aside_with_number_field_and_reason() {
    let mut base = sqlite();
    let folder = tempfile::tempdir().unwrap();
    let rejects = folder.path().join("f.jsonl.rejected.jsonl");
    let mut text = Vec::new();
    text.extend_from_slice(b"{\"domain\":\"a.example\"}\n{broken\n[1]\n");
    text.extend_from_slice(b"{\"domain\":\"b\xff.example\"}\n");
    text.extend_from_slice(b"{\"domain\":\"c.example\",\"country\":\"USA\",\"colour\":1}\n{}\n");
    text.extend_from_slice(format!("{{\"domain\":\"{}\"}}\n", "d".repeat(3 << 20)).as_bytes());
    text.extend_from_slice(b"{\"domain\":\"e.example\",\"name\":\"a\\u0000b\"}\n");
    text.extend_from_slice(format!("{}\n", "[".repeat(100_000)).as_bytes());
    text.extend_from_slice(b"{\"domain\":\"f.example\"}");
    let report = import_to(&base, false, text, rejects.clone()).await.unwrap();
    assert_eq!((report.read, report.inserted, report.rejected), (10, 2, 8));
    let told: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "line 2: is not JSON (column 2)",
            "line 3: is JSON, but not an object",
            "line 4: is not UTF-8 text (byte 13); save the file as UTF-8",
            "line 5: country: takes two-letter codes, like US",
            "line 5: colour: is no column of this import",
            "line 6: domain: is required",
            "line 7: is longer than 1 MiB",
            "line 8: name: holds a NUL character",
            "line 9: is JSON, but not an object",
        ]
    );
    let names: Vec<_> = names(&mut base).into_iter().map(|(domain, _)| domain).collect();
    assert_eq!(names, ["a.example", "f.example"]);

    let file = std::fs::read_to_string(&rejects).unwrap();
    assert_eq!(file.lines().count(), 8);
    let fourth: serde_json::Value = serde_json::from_str(file.lines().nth(3).unwrap()).unwrap();
    assert_eq!(fourth["line"], 5);
    assert_eq!(fourth["problems"][0]["field"], "country");
    assert!(fourth["text"].as_str().unwrap().contains("\"USA\""));
}

#[tokio::test]
async fn strict_stops_at_the_first_bad_line_and_changes_nothing() {
    for mut base in databases() {
        let text = "domain,country\na.example,US\nb.example,USA\nc.example,DE\n";
        let error = import(&base, true, text).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "test: line 3: country: takes two-letter codes, like US. Nothing was changed."
        );
        assert_eq!(names(&mut base), []);
        let entries: Vec<(String, String)> = audit_table::table
            .order(audit_table::id)
            .select((audit_table::action, audit_table::outcome))
            .load(&mut base.conn)
            .unwrap();
        let told = |action: &str, outcome: &str| (action.to_owned(), outcome.to_owned());
        assert_eq!(entries, [told("import_begun", "ok"), told("imported", "error")]);
        let good: String = (0..1_203).map(|n| format!("s{n}.example,US\n")).collect();
        let report = import(&base, true, format!("domain,country\n{good}")).await.unwrap();
        assert_eq!(report.inserted, 1_203);
    }
}

#[tokio::test]
async fn csv_is_read_with_quotes_line_breaks_and_byte_order_mark() {
    let mut base = sqlite();
    let text = "\u{feff}domain,name,description\r\n\r\na.example,\"A, \"\"B\"\"\",\"one\r\ntwo\"\r\n\
                b.example,5\" pipe,x\r\nc.example,,";
    let report = import(&base, false, text).await.unwrap();
    assert_eq!((report.inserted, report.rejected), (3, 0), "{:?}", report.problems);
    let described: Vec<(Option<String>, Option<String>)> = stores::table
        .order(stores::domain)
        .select((stores::name, stores::description))
        .load(&mut base.conn)
        .unwrap();
    assert_eq!(described[0], (Some("A, \"B\"".into()), Some("one two".into())));
    assert_eq!(described[1].0.as_deref(), Some("5\" pipe"));
    assert_eq!(described[2], (None, None));
}

#[tokio::test]
async fn a_quote_that_is_never_closed_costs_one_line() {
    let mut base = sqlite();
    let folder = tempfile::tempdir().unwrap();
    let mut text =
        String::from("domain,name\na.example,A\nb.example,\"B\nc.example,C\nd.example,D\n");
    text.push_str("e.example,\"E\"\nf.example,1,2,3\ng.example,G\n");
    text.push_str(&format!("h.example{}\n", ",x".repeat(99)));
    for n in 0..2_000 {
        text.push_str(&format!("n{n}.example,N\n"));
    }
    let report = import_to(&base, false, text, folder.path().join("rejected")).await.unwrap();
    let lines: Vec<_> = report.problems.iter().map(|p| p.line).collect();
    assert_eq!(lines, [3, 7, 9], "{:?}", report.problems);
    assert_eq!(report.problems[1].problem.reason, "needs 2 cells like the header, has 4");
    assert_eq!(report.inserted, 2_005);
    assert!(!names(&mut base).iter().any(|(domain, _)| domain == "b.example"));
}

#[tokio::test]
async fn a_cell_that_is_no_text_is_told_by_its_column() {
    let base = sqlite();
    let folder = tempfile::tempdir().unwrap();
    let text = b"name,domain,country\nA,a.example,DE\nB\xff,b.example,DE\nC,c.example,\xc3\n";
    let rejects = folder.path().join("rejected");
    let report = import_to(&base, false, text.to_vec(), rejects).await.unwrap();
    let told: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    let mend = "is not UTF-8 text; save the file as UTF-8 (in Excel: Save As, CSV UTF-8) and import it again";
    assert_eq!(told, [format!("line 3: name: {mend}"), format!("line 4: country: {mend}")]);
    let header =
        import(&base, false, b"domain,na\xffme\na.example,A\n".to_vec()).await.unwrap_err();
    assert!(header.to_string().contains("CSV UTF-8) and import it again (cell 2)"), "{header}");
}

/// Excel separates by what the country's numbers leave free, and people write headers as they like.
#[tokio::test]
async fn headers_are_read_kindly_and_separators_found() {
    for (text, expected) in [
        ("\u{feff}COUNTRY;Domain;NAME;Monthly-Visits\r\nDE;a.example;\"A; B\";7\r\n", "A; B"),
        ("Country\tDOMAIN\t Name \nDE\ta.example\tA, B\n", "A, B"),
        ("Country,DOMAIN,\"Monthly Visits\",Name\nDE,a.example,7,A; B\n", "A; B"),
        ("domain;name\na.example;\"A\n; B\"\n", "A ; B"),
    ] {
        let mut base = sqlite();
        let report = import(&base, true, text).await.unwrap();
        assert_eq!(report.inserted, 1, "{text}");
        let expected = ("a.example".to_owned(), Some(expected.to_owned()));
        assert_eq!(names(&mut base), [expected], "{text}");
    }
    let base = sqlite();
    let twice = import(&base, true, "Domain,domain\na.example,a.example\n").await.unwrap_err();
    assert!(twice.to_string().contains("domain: is in the header twice"), "{twice}");
}

#[tokio::test]
async fn a_file_of_the_other_kind_is_named() {
    let base = sqlite();
    let told = "it is of contacts and not of stores; import it as contacts";
    let csv = "External ID;Store Domain;Title\n1;a.example;Head\n";
    let error = import(&base, false, csv).await.unwrap_err();
    assert_eq!(error.to_string(), format!("test: {told}. Nothing was changed."));
    let folder = tempfile::tempdir().unwrap();
    let json = "{\"external_id\":\"1\",\"title\":\"Head\"}\n";
    let report = import_to(&base, false, json, folder.path().join("rejected")).await.unwrap();
    assert!(report.is_nothing());
    assert_eq!(report.problems[0].to_string(), format!("line 1: {told}"));
}

/// What was put aside is mended where it lies, and imported as that file.
#[tokio::test]
async fn what_was_put_aside_can_be_mended_and_imported() {
    let mut base = sqlite();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = "\u{feff}Domain;Country;Name\na.example;USA;\"A;\n\"\"a\"\"\"\nb.example;DE;B;b\nc.example;FR;C\n";
    let report = import_to(&base, false, text, at("s.rejected.jsonl")).await.unwrap();
    assert_eq!((report.inserted, report.rejected), (1, 2));
    let rows = std::fs::read_to_string(at("s.rejected.csv")).unwrap();
    assert_eq!(
        rows,
        "\u{feff}Domain;Country;Name;problem\n\
         a.example;USA;\"A;\n\"\"a\"\"\";\"line 2: country: takes two-letter codes, like US\"\n\
         ;;;\"line 4: needs 3 cells like the header, has 4. The line was: b.example;DE;B;b\"\n"
    );
    let mended = rows.replace("USA", "US").replace("\n;;;", "\nb.example;DE;B;");
    let report = import_to(&base, true, mended, at("t.rejected.jsonl")).await.unwrap();
    assert_eq!((report.inserted, report.rejected), (2, 0));
    assert_eq!(names(&mut base)[0], ("a.example".into(), Some("A; \"a\"".into())));

    let lines = "{\"domain\":\"d.example\",\"country\":\"USA\"}\nnonsense\n";
    let report = import_to(&base, false, lines, at("j.rejected.jsonl")).await.unwrap();
    assert_eq!(report.rejected, 2);
    let kept = std::fs::read_to_string(at("j.rejected.jsonl")).unwrap();
    assert!(!at("j.rejected.csv").exists());
    let mended =
        kept.replace("USA", "US").replace("nonsense", "{\\\"domain\\\":\\\"e.example\\\"}");
    let more = "{\"domain\":\"f.example\",\"problem\":\"line 7: it was\"}\n";
    let report =
        import_to(&base, true, format!("{mended}{more}"), at("k.rejected.jsonl")).await.unwrap();
    assert_eq!((report.inserted, report.rejected), (3, 0));

    let of_rows = std::fs::read_to_string(at("j.rejected.jsonl"))
        .unwrap()
        .replace("nonsense", "x.example;DE");
    let report = import_to(&base, false, of_rows, at("l.rejected.jsonl")).await.unwrap();
    assert!(
        report.problems[1].to_string().contains("mend it in the file that ends in .rejected.csv")
    );
}

#[tokio::test]
async fn what_is_cut_is_counted_and_strict_does_not_mind() {
    let base = sqlite();
    let long = "é".repeat(4_001);
    let fits = format!("{}  \u{7}", "é".repeat(4_000));
    let text = format!("domain,description\na.example,{long}\nb.example,{fits}\nc.example,x\n");
    let report = import(&base, true, text).await.unwrap();
    assert_eq!((report.inserted, report.rejected, report.cut), (3, 0, 1));
}

#[tokio::test]
async fn what_an_earlier_run_put_aside_does_not_outlive_the_next() {
    let base = sqlite();
    let folder = tempfile::tempdir().unwrap();
    let rejects = folder.path().join("f.rejected.jsonl");
    for (strict, text, is_left) in [
        (false, "domain\na.example\nnope\n", true),
        (false, "domain\na.example\n", false),
        (false, "domain\nnope\n", true),
        (true, "domain\nnope\n", false),
    ] {
        let _ = import_to(&base, strict, text, rejects.clone()).await;
        assert_eq!(rejects.exists(), is_left, "{text}");
    }
}

#[tokio::test]
async fn a_wrong_header_changes_nothing() {
    let mut base = sqlite();
    for text in ["domain,colour\na.example,red\n", "name\nA\n", "domain|name\na.example|A\n"] {
        let error = import(&base, false, text).await.unwrap_err();
        assert!(error.to_string().contains("header"), "{error}");
    }
    assert_eq!(names(&mut base), []);
    assert_eq!(import(&base, false, "").await.unwrap(), Report::default());
}

#[tokio::test]
async fn gzip_is_understood_and_a_cut_off_file_changes_nothing() {
    let mut base = sqlite();
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for n in 0..1_500 {
        writeln!(zip, "{{\"domain\":\"s{n}.example\"}}").unwrap();
    }
    let whole = zip.finish().unwrap();
    let cut = whole[..whole.len() / 2].to_vec();
    let error = import(&base, false, cut).await.unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
    assert_eq!(names(&mut base), []);
    assert_eq!(import(&base, false, whole).await.unwrap().inserted, 1_500);
}

/// Files come joined, and from tapes and archives with zeros up to the end of a block; what else
/// follows a file is a sign that it is broken.
#[tokio::test]
async fn zeros_after_the_last_gzip_member_are_no_text() {
    let zipped = |text: &str| {
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        zip.write_all(text.as_bytes()).unwrap();
        zip.finish().unwrap()
    };
    let (one, two) =
        (zipped("{\"domain\":\"a.example\"}\n"), zipped("{\"domain\":\"b.example\"}\n"));
    let joined = [one.clone(), two.clone()].concat();
    for (padding, text) in [(0, &joined), (1, &one), (10_000, &joined)] {
        let base = sqlite();
        let padded = [text.as_slice(), &vec![0; padding]].concat();
        let expected = if text == &one { 1 } else { 2 };
        assert_eq!(import(&base, true, padded).await.unwrap().inserted, expected, "{padding}");
    }
    for garbage in [b"x".as_slice(), b"\0\0x", &[&[0; 9_000][..], &two].concat(), &two[..5]] {
        let mut base = sqlite();
        let error = import(&base, true, [one.as_slice(), garbage].concat()).await.unwrap_err();
        assert!(error.to_string().contains("cannot be read"), "{error}");
        assert_eq!(names(&mut base), []);
    }
}

/// A line that says one thing twice says neither.
#[tokio::test]
async fn a_member_that_comes_twice_costs_its_line() {
    let mut base = sqlite();
    let folder = tempfile::tempdir().unwrap();
    let text = "{\"domain\":\"h.example\",\"domain\":\"i.example\"}\n\
                {\"domain\":\"a.example\",\"name\":\"A\",\"name\":\"A\"}\n{\"domain\":\"b.example\"}\n";
    let rejects = folder.path().join("rejected");
    let report = import_to(&base, false, text, rejects).await.unwrap();
    let told: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    let expected = ["line 1: domain: is in the line twice", "line 2: name: is in the line twice"];
    assert_eq!(told, expected);
    assert_eq!(names(&mut base), [("b.example".to_owned(), None)]);
}

/// Excel writes a last column without a name where a cell was emptied, not taken away.
#[tokio::test]
async fn a_column_without_a_name_is_passed_over_and_its_cells_too() {
    let mut base = sqlite();
    let folder = tempfile::tempdir().unwrap();
    let text = b"domain,name,\na.example,A,\nb.example,B,whatever\nc.example,C,\xff\n".to_vec();
    let rejects = folder.path().join("rejected");
    let report = import_to(&base, false, text, rejects).await.unwrap();
    assert_eq!((report.inserted, report.rejected), (2, 1));
    assert!(report.problems[0].to_string().ends_with("(cell 3)"), "{}", report.problems[0]);
    assert_eq!(names(&mut base)[1], ("b.example".to_owned(), Some("B".to_owned())));
}

#[test]
fn the_name_tells_the_format() {
    assert_eq!(Format::of_name("a.CSV.gz"), Some(Format::Csv));
    assert_eq!(Format::of_name("a.ndjson"), Some(Format::JsonLines));
    assert_eq!(Format::of_name("-"), None);
}
