using System.Globalization;
using System.Text;

namespace Broadcast.Benchmarks;

/// <summary>A table of figures with a chart beside it, in plain text, so that it can be read in a terminal and pasted into the docs.</summary>
internal sealed class Report(string title, string unit, IReadOnlyList<string> columns)
{
    private const int ChartWidth = 40;
    private readonly List<(string Row, double?[] Values)> _rows = [];

    /// <summary>Adds a row; a missing figure stays empty.</summary>
    public void Add(string row, params double?[] values) => _rows.Add((row, values));

    /// <summary>The whole as Markdown: the table, then a bar for each figure.</summary>
    public string Render()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"### {title} ({unit})\n\n| | {string.Join(" | ", columns)} |\n|---|{string.Concat(columns.Select(_ => "---:|"))}\n");
        foreach (var (row, values) in _rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {row} | {string.Join(" | ", values.Select(Number))} |\n");
        }

        var largest = _rows.SelectMany(r => r.Values).Max() ?? 0;
        var label = Math.Max(_rows.Max(r => r.Row.Length), 1);
        var name = columns.Max(c => c.Length);
        text.Append("\n```\n");
        foreach (var (row, values) in _rows)
        {
            for (var i = 0; i < values.Length; i++)
            {
                if (values[i] is { } value)
                {
                    var bar = largest > 0 ? (int)Math.Round(value / largest * ChartWidth) : 0;
                    text.Append(CultureInfo.InvariantCulture, $"{(i == 0 ? row : "").PadRight(label)}  {columns[i].PadRight(name)}  {new string('█', Math.Max(bar, 1))} {Number(value)}\n");
                }
            }
        }

        return text.Append("```\n").ToString();
    }

    private static string Number(double? value) => value switch
    {
        null => "",
        >= 100 => value.Value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.Value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("0.00", CultureInfo.InvariantCulture),
    };
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
