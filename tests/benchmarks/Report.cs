using System.Globalization;
using System.Text;

namespace Broadcast.Benchmarks;

/// <summary>Target of a row.</summary>
/// <param name="Text">Text such as <c>&lt; 2</c>.</param>
/// <param name="IsMet"><see langword="null"/> without a target or without a figure.</param>
internal sealed record Aim(string Text, bool? IsMet)
{
    /// <summary>No target.</summary>
    public static Aim None { get; } = new("none set", null);

    /// <summary>Upper limit, exclusive.</summary>
    public static Aim Under(double limit, double? figure) => new($"< {Report.Plain(limit)}", figure is { } f ? f < limit : null);

    /// <summary>Upper limit, inclusive.</summary>
    public static Aim AtMost(double limit, double? figure) => new($"≤ {Report.Plain(limit)}", figure is { } f ? f <= limit : null);

    /// <summary>Lower limit, inclusive.</summary>
    public static Aim AtLeast(double limit, double? figure) => new($"≥ {Report.Plain(limit)}", figure is { } f ? f >= limit : null);

    /// <summary>The same target, prefixed with its subject.</summary>
    public Aim For(string what) => this with { Text = $"{what} {Text}" };

    /// <summary>Result as shown in the table.</summary>
    public string Verdict => IsMet switch { true => "yes", false => "**no**", null => "" };
}

/// <summary>A table of figures with a chart in plain text, for terminals and for the documentation.</summary>
internal sealed class Report(string title, string unit, IReadOnlyList<string> columns)
{
    private const int ChartWidth = 40;
    private readonly List<(string Row, double?[] Values, Aim? Aim)> _rows = [];
    private readonly List<(string Row, string Column, string Reason)> _missing = [];
    private readonly List<string> _notes = [];

    /// <summary>Indicates whether the report has no rows, because the measurement ended before the first one.</summary>
    public bool IsEmpty => _rows.Count == 0;

    /// <summary>Adds a row; a missing figure leaves its cell empty.</summary>
    public void Add(string row, params double?[] values) => _rows.Add((row, values, null));

    /// <summary>Adds a row with a target; the table then shows the target and its result.</summary>
    public void Add(string row, Aim aim, params double?[] values) => _rows.Add((row, values, aim));

    /// <summary>Explains a missing figure: its cell contains "could not", and the reason is listed below the table.</summary>
    public void CouldNot(string row, string column, string reason) => _missing.Add((row, column, reason));

    /// <summary>Adds a sentence about the figures, which is listed below the table.</summary>
    public void Note(string sentence) => _notes.Add(sentence);

    /// <summary>Renders Markdown: the table, the missing figures with their reasons, notes, and a bar chart.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        var hasAims = _rows.Any(r => r.Aim is not null);
        text.Append(CultureInfo.InvariantCulture,
            $"### {title} ({unit})\n\n| | {string.Join(" | ", columns)} |{(hasAims ? " target | met |" : "")}\n");
        text.Append(CultureInfo.InvariantCulture, $"|---|{string.Concat(columns.Select(_ => "---:|"))}{(hasAims ? "---|---|" : "")}\n");
        foreach (var (row, values, aim) in _rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row} | {string.Join(" | ", values.Select((v, i) => Cell(row, i, v)))} |");
            text.Append(hasAims ? $" {aim?.Text} | {aim?.Verdict} |\n" : "\n");
        }

        text.Append(_missing.Count + _notes.Count > 0 ? "\n" : "");
        foreach (var (row, column, reason) in _missing)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {row}, {column}: could not, because {reason}.\n");
        }

        foreach (var note in _notes)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {note}\n");
        }

        AppendChart(text);
        return text.ToString();
    }

    /// <summary>Formats a figure without unit, with at least three significant digits.</summary>
    internal static string Number(double? value) => value switch
    {
        null => "",
        >= 100 or <= -100 => value.Value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 or <= -10 => value.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    /// <summary>Formats a round number for readers.</summary>
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
                    text.Append(CultureInfo.InvariantCulture,
                        $"{shown.PadRight(label)}  {columns[i].PadRight(name)}  {new string('█', Math.Max(bar, 1))} {Number(value)}\n");
                    shown = "";
                }
            }
        }

        text.Append("```\n");
    }
}

/// <summary>Statistics of a few runs.</summary>
internal static class Sample
{
    /// <summary>The median.</summary>
    public static double Median(IEnumerable<double> values) => Percentile(values, 0.5);

    /// <summary>The percentile for a share.</summary>
    public static double Percentile(IEnumerable<double> values, double share)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0)
        {
            throw new InvalidOperationException("No run has a result.");
        }

        var position = share * (sorted.Length - 1);
        var below = (int)position;
        return below + 1 < sorted.Length ? sorted[below] + ((position - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }
}
