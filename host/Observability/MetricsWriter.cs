using System.Globalization;
using System.Text;

namespace Broadcast.Host.Observability;

/// <summary>Text format of metrics.</summary>
internal enum MetricsFormat
{
    /// <summary>Prometheus text format 0.0.4.</summary>
    Prometheus,

    /// <summary>OpenMetrics 1.0 text (draft-richih-opsawg-openmetrics-00).</summary>
    OpenMetrics,
}

/// <summary>Writes metrics as text. Pure.</summary>
internal static class MetricsWriter
{
    private const string OpenMetricsType = "application/openmetrics-text";

    /// <summary>
    /// Chooses a format: OpenMetrics if the header accepts it at least as much as plain text, else the Prometheus format.
    /// </summary>
    /// <param name="accept">The values of the <c>Accept</c> header.</param>
    public static MetricsFormat Preferred(IEnumerable<string?> accept)
    {
        var (open, plain) = (0.0, 0.0);
        foreach (var range in accept.SelectMany(header =>
            (header ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Take(64))
        {
            var parts = range.Split(';', StringSplitOptions.TrimEntries);
            var weight = parts.Skip(1).FirstOrDefault(part => part.StartsWith("q=", StringComparison.OrdinalIgnoreCase)) is { } q
                && double.TryParse(q.AsSpan(2), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var given) ? given : 1;
            switch (parts[0].ToLowerInvariant())
            {
                case OpenMetricsType when !parts.Skip(1).Any(part => part.StartsWith("version=", StringComparison.OrdinalIgnoreCase)
                    && part["version=".Length..] is not ("1.0.0" or "1.0")):
                    open = Math.Max(open, weight);
                    break;
                case "text/plain" or "text/*" or "*/*":
                    plain = Math.Max(plain, weight);
                    break;
            }
        }

        return open > 0 && open >= plain ? MetricsFormat.OpenMetrics : MetricsFormat.Prometheus;
    }

    /// <summary>Content type of a format.</summary>
    public static string ContentType(MetricsFormat format) =>
        format == MetricsFormat.OpenMetrics ? $"{OpenMetricsType}; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Writes families in the given order.</summary>
    public static string Write(IEnumerable<MetricFamily> families, MetricsFormat format)
    {
        var text = new StringBuilder();
        foreach (var family in families)
        {
            var sample = family.Kind == MetricKind.Counter ? family.Name + "_total" : family.Name;
            var name = format == MetricsFormat.OpenMetrics ? family.Name : sample;
            text.Append("# HELP ").Append(name).Append(' ');
            Escape(text, family.Help, quotes: format == MetricsFormat.OpenMetrics);
            text.Append("\n# TYPE ").Append(name)
                .Append(family.Kind switch { MetricKind.Counter => " counter\n", MetricKind.Histogram => " histogram\n", _ => " gauge\n" });
            if (format == MetricsFormat.OpenMetrics && UnitOf(family) is { } unit)
            {
                text.Append("# UNIT ").Append(name).Append(' ').Append(unit).Append('\n');
            }

            foreach (var point in family.Points)
            {
                if (family.Kind != MetricKind.Histogram)
                {
                    Line(text, sample, point.Labels, null, point.Value);
                    continue;
                }

                foreach (var bucket in point.Buckets)
                {
                    Line(text, sample + "_bucket", point.Labels, Bound(bucket.Bound, format), bucket.Count);
                }

                Line(text, sample + "_bucket", point.Labels, "+Inf", point.Count);
                Line(text, sample + "_sum", point.Labels, null, point.Value);
                Line(text, sample + "_count", point.Labels, null, point.Count);
            }
        }

        return format == MetricsFormat.OpenMetrics ? text.Append("# EOF\n").ToString() : text.ToString();
    }

    /// <summary>Unit name; allowed only if the metric name ends with it.</summary>
    private static string? UnitOf(MetricFamily family)
    {
        var unit = family.Unit switch { "s" => "seconds", "By" => "bytes", _ => null };
        return unit is not null && family.Name.EndsWith("_" + unit, StringComparison.Ordinal) ? unit : null;
    }

    /// <summary>Formats a bound; OpenMetrics requires a decimal point or an exponent, so that one number has one text.</summary>
    private static string Bound(double bound, MetricsFormat format)
    {
        var text = bound.ToString(CultureInfo.InvariantCulture);
        return format == MetricsFormat.OpenMetrics && !text.Contains('.', StringComparison.Ordinal)
            && !text.Contains('E', StringComparison.Ordinal) ? text + ".0" : text;
    }

    private static void Line(StringBuilder text, string name, IReadOnlyList<KeyValuePair<string, string>> labels, string? bound,
        double value)
    {
        text.Append(name);
        if (labels.Count > 0 || bound is not null)
        {
            text.Append('{');
            foreach (var (label, rawValue) in bound is null ? labels : labels.Append(new("le", bound)))
            {
                text.Append(text[^1] == '{' ? "" : ",").Append(label).Append("=\"");
                Escape(text, rawValue, quotes: true);
                text.Append('"');
            }

            text.Append('}');
        }

        text.Append(' ').Append(value switch
        {
            double.PositiveInfinity => "+Inf",
            double.NegativeInfinity => "-Inf",
            double.NaN => "NaN",
            _ => value.ToString(CultureInfo.InvariantCulture),
        }).Append('\n');
    }

    private static void Escape(StringBuilder text, string rawValue, bool quotes)
    {
        foreach (var letter in rawValue)
        {
            _ = letter switch
            {
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '"' when quotes => text.Append("\\\""),
                _ => text.Append(letter),
            };
        }
    }
}
