using System.Text.RegularExpressions;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>Folders are concepts, files are short, queues are bounded, log events have unique numbers.</summary>
public sealed partial class ShapeTests
{
    private static readonly string[] Kinds = ["Contracts", "Interfaces", "Services", "Models", "Helpers", "Utils", "Utilities", "Common",
        "Managers", "Misc"];

    private const int MaxColumns = 140;
    private const int MaxProseColumns = 120;

    private static readonly Dictionary<string, int> EventThousands = new(StringComparer.Ordinal)
    {
        ["ingest"] = 1000, ["transcoder"] = 2000, ["packager"] = 3000, ["origin"] = 4000, ["control"] = 5000, ["storage"] = 6000,
        ["host"] = 7000, ["cluster"] = 8000, ["targets"] = 9000,
    };

    [Fact]
    public void No_folder_is_named_after_a_kind_of_type() =>
        Sources.Modules.Append("tests").Append("dashboard").SelectMany(Sources.Folders)
            .Where(f => Kinds.Contains(Path.GetFileName(f), StringComparer.OrdinalIgnoreCase))
            .ShouldBeEmpty("a folder is a concept of the domain, not a kind of class");

    [Fact]
    public void No_module_source_file_exceeds_500_lines() =>
        Sources.ModuleFiles("*.cs").Select(f => (File: f, Lines: File.ReadLines(Repository.PathOf(f)).Count()))
            .Where(f => f.Lines > 500).ShouldBeEmpty("a file that long holds more than one idea");

    [Fact]
    public void No_line_of_code_is_over_140_columns()
    {
        var sources = Sources.Files("", "*.cs").Select(file => (file, SourceTexts.LongLinesOfCSharp(Sources.Text(file), MaxColumns)));
        var scripts = Sources.Files("", "*.ts").Concat(Sources.Files("", "*.tsx")).Where(file => file != "dashboard/src/api/schema.d.ts")
            .Select(file => (file, Sources.Text(file).Split('\n').Index().Where(line => line.Item.Length > MaxColumns)
                .Select(line => line.Index + 1)));
        sources.Concat(scripts).SelectMany(found => found.Item2.Select(line => $"{found.file}:{line}"))
            .ShouldBeEmpty("wrap these lines; only string literals may be longer");
    }

    [Fact]
    public void No_line_of_prose_is_over_120_columns() =>
        Sources.Files("", "*.md").SelectMany(file => SourceTexts.ProseLinesOfMarkdown(Sources.Text(file))
            .Where(line => line.Text.Length > MaxProseColumns && line.Text.TrimStart().Contains(' ', StringComparison.Ordinal))
            .Select(line => $"{file}:{line.Number}")).ShouldBeEmpty("wrap these lines; only tables, code and links may be longer");

    [Fact]
    public void Namespaces_follow_folders()
    {
        foreach (var file in Sources.ModuleFiles("*.cs").Where(f => Path.GetFileName(f) != "Program.cs"))
        {
            var match = NamespaceLine().Match(Sources.Text(file));
            if (!match.Success)
            {
                continue;
            }

            var folders = Path.GetDirectoryName(file)!.Split('/');
            folders[0] = $"Broadcast.{char.ToUpperInvariant(folders[0][0])}{folders[0][1..]}";
            match.Groups["name"].Value.ShouldBe(string.Join('.', folders), $"{file}: the namespace differs from the folder");
        }
    }

    [Fact]
    public void Log_events_have_unique_ids_within_the_range_of_their_module()
    {
        var seen = new Dictionary<int, string>();
        foreach (var (module, first) in EventThousands)
        {
            foreach (var file in Sources.Files(module, "*.cs"))
            {
                var text = Sources.Text(file);
                var messages = LoggerMessage().Matches(text);
                messages.Count.ShouldBe(text.Split("[LoggerMessage").Length - 1, $"{file}: this test cannot read every log message in it");
                foreach (Match match in messages)
                {
                    var id = EventId().Match(match.Groups["arguments"].Value);
                    id.Success.ShouldBeTrue($"{file}: a log message without an event id: {match.Value}");
                    var number = int.Parse(id.Groups["id"].Value);
                    number.ShouldBeInRange(first, first + 999, $"{file}: {match.Value}");
                    seen.TryAdd(number, file).ShouldBeTrue($"event id {number} is in {file} and in {seen[number]}");
                }
            }
        }

        seen.ShouldNotBeEmpty("no log messages were found at all: the pattern of this test no longer fits the sources");
    }

    [Fact]
    public void Metric_names_are_valid_in_Prometheus()
    {
        var named = Sources.ModuleFiles("*.cs")
            .SelectMany(file => Instrument().Matches(Sources.Text(file)).Select(match => (File: file, Name: match.Groups["name"].Value)))
            .Where(instrument => instrument.Name.Length > 0).ToList();
        named.Count.ShouldBeGreaterThan(40, "the pattern of this test no longer fits the sources");
        named.Where(instrument => !MetricName().IsMatch(instrument.Name)).ShouldBeEmpty("one such name, and nothing on the page is read");
    }

    [Fact]
    public void No_module_creates_an_unbounded_queue_or_suppresses_the_rule() =>
        Sources.ModuleFiles("*.cs").Where(f => Unbounded().IsMatch(Sources.Text(f)))
        .ShouldBeEmpty("every queue is bounded and has a written policy");

    [Fact]
    public void No_test_is_skipped() =>
        Sources.Files("tests", "*.cs").Where(f => SkippedTest().IsMatch(Sources.Text(f)))
        .ShouldBeEmpty("a test that does not run proves nothing");

    [Fact]
    public void No_stub_remains_in_a_module() =>
        Sources.ModuleFiles("*.cs").Where(f => Stub().IsMatch(Sources.Text(f))).ShouldBeEmpty();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"\[LoggerMessage\((?<arguments>(?:[^()""]|""(?:[^""\\]|\\.)*""|\([^()]*\))*)\)\]", RegexOptions.Singleline)]
    private static partial Regex LoggerMessage();

    [GeneratedRegex(@"^\s*(?<id>\d+)|EventId\s*=\s*(?<id>\d+)")]
    private static partial Regex EventId();

    [GeneratedRegex(@"\.Create(?:Observable)?(?:UpDownCounter|Counter|Gauge|Histogram)(?:<\w+>)?\(\s*(?:""(?<name>[^""]*)"")?")]
    private static partial Regex Instrument();

    [GeneratedRegex(@"^(broadcast|process|dotnet)_[a-z0-9_]+$")]
    private static partial Regex MetricName();

    [GeneratedRegex(@"CreateUnbounded|BlockingCollection<|RS0030")]
    private static partial Regex Unbounded();

    [GeneratedRegex(@"\[(?:Fact|Theory)\([^\]]*Skip\s*=")]
    private static partial Regex SkippedTest();

    [GeneratedRegex(@"NotImplementedException|\bTODO\b|\bFIXME\b|\bHACK\b")]
    private static partial Regex Stub();
}
