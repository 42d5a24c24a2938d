using System.Text.Json;
using System.Text.RegularExpressions;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>Metrics are documented, and dashboards and alerts use existing metrics.</summary>
public sealed partial class MetricsTests
{
    private static readonly string[] Everywhere = ["instance", "job", "le"];

    [Fact]
    public void Metrics_table_lists_exactly_the_metrics_in_the_code()
    {
        var counted = Counted();
        counted.Count.ShouldBeGreaterThan(50);
        Documented().Keys.Order(StringComparer.Ordinal).ShouldBe(counted.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Metrics_table_has_the_same_types_as_the_code()
    {
        var counted = Counted();
        foreach (var (name, row) in Documented())
        {
            row.Type.ShouldBe(counted[name], name);
        }
    }

    [Fact]
    public void Metric_names_types_and_labels_match_the_golden_file()
    {
        // Labels are found next to the instruments: those of a file belong to all metrics of that file.
        var (counted, lines) = (Counted(), new List<string>());
        foreach (var file in Sources.ModuleFiles("*.cs").Select(Sources.Text).Where(text => Instrument().IsMatch(text)))
        {
            var names = Instrument().Matches(file).Select(made => made.Groups["name"].Value)
                .Select(name => counted.ContainsKey(name) ? name : name + "_total");
            var labels = LabelLiteral().Matches(file).Select(label => label.Groups[1].Value).Distinct().Order(StringComparer.Ordinal);
            lines.Add(
                $"{string.Join(' ', names.Order(StringComparer.Ordinal).Select(name => $"{name}:{counted[name]}"))} "
                + $"| {string.Join(' ', labels)}");
        }

        Golden.Matches("metrics.txt", string.Join('\n', lines.Order(StringComparer.Ordinal)));
        var documented = Documented().OrderBy(row => row.Key, StringComparer.Ordinal)
            .Select(row => $"{row.Key} {row.Value.Type} {string.Join(' ', row.Value.Labels)}".TrimEnd());
        Golden.Matches("metrics-documented.txt", string.Join('\n', documented));
    }

    [Fact]
    public void Label_values_are_never_member_names()
    {
        foreach (var file in Sources.ModuleFiles("*.cs").Where(file => Instrument().IsMatch(Sources.Text(file))))
        {
            MemberNameLabel().Matches(Sources.Text(file)).Select(match => $"{file}: {match.Value}").ShouldBeEmpty();
        }
    }

    [Fact]
    public void Label_values_in_the_table_are_in_snake_case()
    {
        foreach (var cells in Sources.Text("docs/metrics.md").Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|')))
        {
            foreach (Match quoted in AnyQuoted().Matches(cells[3]).Where(quoted => !quoted.Groups[1].Value.StartsWith('/')))
            {
                quoted.Groups[1].Value.ShouldMatch("^[a-z][a-z0-9_]*…?$", cells[1]);
            }
        }
    }

    [Fact]
    public void Metric_labels_contain_no_keys_addresses_or_viewers() =>
        Documented().Values.SelectMany(row => row.Labels).Distinct().Order(StringComparer.Ordinal)
            .ShouldBe(["channel", "code", "direction", "encoder", "event", "kind", "reason", "rendition", "result", "rule", "stage",
                "state", "version"]);

    [Fact]
    public void Alerts_and_dashboards_use_existing_metrics_and_labels()
    {
        var documented = Documented();
        List<string> expressions =
        [
            .. AlertExpression().Matches(Sources.Text("infra/prometheus/alerts.yml")).Select(m => m.Groups[1].Value),
            .. Strings(JsonDocument.Parse(Sources.Text("infra/grafana/broadcast.json")).RootElement, "expr", "query"),
        ];
        expressions.Count.ShouldBeGreaterThan(50);
        foreach (var expression in expressions)
        {
            foreach (Match asked in Selector().Matches(expression))
            {
                var name = asked.Groups["name"].Value;
                var row = documented.GetValueOrDefault(name) ?? documented.GetValueOrDefault(Part().Replace(name, ""))
                    .ShouldNotBeNull($"{name} in {expression}");
                if (Part().IsMatch(name) && !documented.ContainsKey(name))
                {
                    row.Type.ShouldBe("histogram", name);
                }

                foreach (Match label in Label().Matches(asked.Groups["labels"].Value))
                {
                    row.Labels.Concat(Everywhere).ShouldContain(label.Groups[1].Value, expression);
                }
            }
        }
    }

    [Fact]
    public void Every_alert_has_a_severity_summary_and_description()
    {
        var alerts = Sources.Text("infra/prometheus/alerts.yml").Split("- alert: ")[1..];
        alerts.Length.ShouldBeGreaterThan(10);
        foreach (var alert in alerts)
        {
            alert.ShouldMatch("severity: (page|ticket)");
            alert.ShouldMatch("summary: \".{20,}\"");
            alert.ShouldMatch("description: \".{40,}\"");
        }
    }

    /// <summary>Metrics in the code by scraped name, with their types.</summary>
    private static Dictionary<string, string> Counted()
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Match made in Sources.ModuleFiles("*.cs").SelectMany(file => Instrument().Matches(Sources.Text(file))))
        {
            var (kind, name) = (made.Groups["kind"].Value, made.Groups["name"].Value);
            var isCounter = kind == "Counter" && made.Groups["how"].Value != "CreateUpDown";
            found[isCounter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name] = isCounter ? "counter"
                : kind == "Histogram" ? "histogram" : "gauge";
        }

        return found;
    }

    private static Dictionary<string, Row> Documented()
    {
        var rows = new Dictionary<string, Row>(StringComparer.Ordinal);
        foreach (var cells in Sources.Text("docs/metrics.md").Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split(" | ")))
        {
            foreach (Match name in Quoted().Matches(cells[0]))
            {
                // Brackets contain the values of a label.
                rows.Add(name.Groups[1].Value,
                    new(cells[1], [.. Quoted().Matches(Brackets().Replace(cells[2], "")).Select(m => m.Groups[1].Value)]));
            }
        }

        return rows;
    }

    private static IEnumerable<string> Strings(JsonElement element, params string[] names) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(p => names.Contains(p.Name)
            && p.Value.ValueKind == JsonValueKind.String ? [p.Value.GetString()!] : Strings(p.Value, names)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(e => Strings(e, names)),
        _ => [],
    };

    private sealed record Row(string Type, IReadOnlyList<string> Labels);

    [GeneratedRegex(
        """(?<how>Create(?:Observable|UpDown)?|\b)(?<kind>Counter|Gauge|Histogram)(?:<\w+>)?\(\s*"(?<name>(?:broadcast|process|dotnet)_\w+)["]""")]
    private static partial Regex Instrument();

    [GeneratedRegex("""(?:KeyValuePair<string, object\?>|\bnew)\("([a-z_]+)",""")]
    private static partial Regex LabelLiteral();

    [GeneratedRegex("""(?:KeyValuePair<string, object\?>|\bnew)\("[a-z_]+", [^;]*?(?:\.ToString\(\)|nameof\(|Enum\.GetName)""")]
    private static partial Regex MemberNameLabel();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex AnyQuoted();

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\([^)]*\)")]
    private static partial Regex Brackets();

    [GeneratedRegex(@"expr: (.+)")]
    private static partial Regex AlertExpression();

    [GeneratedRegex(@"(?<name>\b(?:broadcast|process|dotnet)_\w+)(?:\{(?<labels>[^}]*)\})?")]
    private static partial Regex Selector();

    [GeneratedRegex(@"(\w+)\s*(?:=~|!~|!=|=)")]
    private static partial Regex Label();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Part();
}
