using System.Globalization;
using System.Text;

namespace Broadcast.Benchmarks;

/// <summary>What a row of figures should reach.</summary>
/// <param name="Text">As in <c>&lt; 2</c>.</param>
/// <param name="IsMet"><see langword="null"/> when there is no aim, or no figure to hold against it.</param>
internal sealed record Aim(string Text, bool? IsMet)
{
    /// <summary>Nothing was set.</summary>
    public static Aim None { get; } = new("none set", null);

    /// <summary>The figure is to be under a limit.</summary>
    public static Aim Under(double limit, double? figure) => new($"< {Report.Plain(limit)}", figure is { } f ? f < limit : null);

    /// <summary>The figure is to be no more than a limit.</summary>
    public static Aim AtMost(double limit, double? figure) => new($"≤ {Report.Plain(limit)}", figure is { } f ? f <= limit : null);

    /// <summary>The figure is to be a limit or more.</summary>
    public static Aim AtLeast(double limit, double? figure) => new($"≥ {Report.Plain(limit)}", figure is { } f ? f >= limit : null);

    /// <summary>The same, in front of which stands what it is about.</summary>
    public Aim For(string what) => this with { Text = $"{what} {Text}" };

    /// <summary>As the table says it.</summary>
    public string Verdict => IsMet switch { true => "yes", false => "**no**", null => "" };
}

/// <summary>A table of figures with a chart beside it, in plain text, so that it can be read in a terminal and pasted into the docs.</summary>
internal sealed class Report(string title, string unit, IReadOnlyList<string> columns)
{
    private const int ChartWidth = 40;
    private readonly List<(string Row, double?[] Values, Aim? Aim)> _rows = [];
    private readonly List<(string Row, string Column, string Reason)> _missing = [];

    /// <summary>Whether there is nothing to tell, because what was measured ended before.</summary>
    public bool IsEmpty => _rows.Count == 0;

    /// <summary>Adds a row; a missing figure stays empty.</summary>
    public void Add(string row, params double?[] values) => _rows.Add((row, values, null));

    /// <summary>Adds a row that should reach something; the table then says of each row what, and whether it did.</summary>
    public void Add(string row, Aim aim, params double?[] values) => _rows.Add((row, values, aim));

    /// <summary>Says why a figure is missing: its cell reads "could not", and the reason stands below the table.</summary>
    public void CouldNot(string row, string column, string reason) => _missing.Add((row, column, reason));

    /// <summary>The whole as Markdown: the table, what could not be measured and why, then a bar for each figure.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        var hasAims = _rows.Any(r => r.Aim is not null);
        text.Append(CultureInfo.InvariantCulture, $"### {title} ({unit})\n\n| | {string.Join(" | ", columns)} |{(hasAims ? " aim | met |" : "")}\n");
        text.Append(CultureInfo.InvariantCulture, $"|---|{string.Concat(columns.Select(_ => "---:|"))}{(hasAims ? "---|---|" : "")}\n");
        foreach (var (row, values, aim) in _rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row} | {string.Join(" | ", values.Select((v, i) => Cell(row, i, v)))} |");
            text.Append(hasAims ? $" {aim?.Text} | {aim?.Verdict} |\n" : "\n");
        }

        text.Append(_missing.Count > 0 ? "\n" : "");
        foreach (var (row, column, reason) in _missing)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {row}, {column}: could not, because {reason}.\n");
        }

        AppendChart(text);
        return text.ToString();
    }

    /// <summary>A figure without a unit, with three digits that count or more.</summary>
    internal static string Number(double? value) => value switch
    {
        null => "",
        >= 100 or <= -100 => value.Value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 or <= -10 => value.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    /// <summary>A round number as people write it.</summary>
    internal static string Plain(double value) => value.ToString("#,0.###", CultureInfo.InvariantCulture);

    private string Cell(string row, int column, double? value) =>
        value is null && _missing.Any(m => m.Row == row && m.Column == columns[column]) ? "could not" : Number(value);

    private void AppendChart(StringBuilder text)
    {
        var largest = _rows.SelectMany(r => r.Values).Max() ?? 0;
        var label = Math.Max(_rows.Max(r => r.Row.Length), 1);
        var name = columns.Max(c => c.Length);
        text.Append("\n```\n");
        foreach (var (row, values, _) in _rows)
        {
            var shown = row;
            for (var i = 0; i < values.Length; i++)
            {
                if (values[i] is { } value)
                {
                    var bar = largest > 0 ? (int)Math.Round(value / largest * ChartWidth) : 0;
                    text.Append(CultureInfo.InvariantCulture, $"{shown.PadRight(label)}  {columns[i].PadRight(name)}  {new string('█', Math.Max(bar, 1))} {Number(value)}\n");
                    shown = "";
                }
            }
        }

        text.Append("```\n");
    }
}

/// <summary>Statistics of a handful of runs.</summary>
internal static class Sample
{
    /// <summary>The middle value.</summary>
    public static double Median(IEnumerable<double> values) => Percentile(values, 0.5);

    /// <summary>The value that this share of all lies at or under.</summary>
    public static double Percentile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0)
        {
            throw new InvalidOperationException("No run gave a figure.");
        }

        var position = share * (sorted.Length - 1);
        var below = (int)position;
        return below + 1 < sorted.Length ? sorted[below] + ((position - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }
}
