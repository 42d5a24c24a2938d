using System.Globalization;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Formatting.Json;

namespace Broadcast.Host.Observability;

/// <summary>
/// Formats a log entry as one JSON object per line: <c>Timestamp</c>, <c>Level</c>, <c>RenderedMessage</c>, <c>TraceId</c>, <c>SpanId</c>,
/// <c>Exception</c> and <c>Properties</c>. Each is omitted if it is empty. The message is written once: its template would repeat it.
/// </summary>
internal sealed class JsonLogFormatter : ITextFormatter
{
    private readonly JsonValueFormatter _values = new(typeTagName: "$type");

    /// <inheritdoc/>
    public void Format(LogEvent logEvent, TextWriter output)
    {
        output.Write("{\"Timestamp\":\"");
        output.Write(logEvent.Timestamp.ToString("O", CultureInfo.InvariantCulture));
        output.Write("\",\"Level\":\"");
        output.Write(logEvent.Level);
        output.Write('"');
        Write(output, "RenderedMessage", logEvent.RenderMessage(CultureInfo.InvariantCulture));
        Write(output, "TraceId", logEvent.TraceId?.ToHexString());
        Write(output, "SpanId", logEvent.SpanId?.ToHexString());
        Write(output, "Exception", logEvent.Exception?.ToString());
        if (logEvent.Properties.Count > 0)
        {
            var separator = ",\"Properties\":{";
            foreach (var (name, value) in logEvent.Properties)
            {
                output.Write(separator);
                JsonValueFormatter.WriteQuotedJsonString(name, output);
                output.Write(':');
                _values.Format(value, output);
                separator = ",";
            }

            output.Write('}');
        }

        output.WriteLine('}');
    }

    private static void Write(TextWriter output, string name, string? value)
    {
        if (value is not null)
        {
            output.Write(",\"");
            output.Write(name);
            output.Write("\":");
            JsonValueFormatter.WriteQuotedJsonString(value, output);
        }
    }
}
