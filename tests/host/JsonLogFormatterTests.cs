using System.Text.Json;
using Broadcast.Host.Observability;
using Serilog.Events;
using Serilog.Parsing;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

public sealed class JsonLogFormatterTests
{
    [Fact]
    public void Entry_is_one_line_of_JSON_with_its_message_once()
    {
        var entry = new LogEvent(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), LogEventLevel.Warning,
            new InvalidOperationException("disk \"on\"\nfire"), new MessageTemplateParser().Parse("Segment {Number:000} of {Channel} is late"),
            [
                new("Number", new ScalarValue(7)), new("Channel", new ScalarValue("demo")),
                new("EventId", new StructureValue([new("Id", new ScalarValue(4002))])),
            ]);
        using var output = new StringWriter();
        new JsonLogFormatter().Format(entry, output);
        var line = output.ToString();
        line.IndexOf('\n', StringComparison.Ordinal).ShouldBe(line.Length - 1);
        line.Split("is late").Length.ShouldBe(2, "the message is written once");
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        root.GetProperty("Timestamp").GetDateTimeOffset().ShouldBe(entry.Timestamp);
        root.GetProperty("Level").GetString().ShouldBe("Warning");
        root.GetProperty("RenderedMessage").GetString().ShouldBe("Segment 007 of \"demo\" is late");
        root.GetProperty("Exception").GetString()!.ShouldContain("disk \"on\"\nfire");
        root.GetProperty("Properties").GetProperty("Number").GetInt32().ShouldBe(7);
        root.GetProperty("Properties").GetProperty("EventId").GetProperty("Id").GetInt32().ShouldBe(4002);
    }

    [Fact]
    public void Entry_without_properties_and_exception_omits_them()
    {
        using var output = new StringWriter();
        new JsonLogFormatter().Format(new LogEvent(default, LogEventLevel.Information, null,
            new MessageTemplateParser().Parse("Stopped"), []), output);
        using var json = JsonDocument.Parse(output.ToString());
        json.RootElement.EnumerateObject().Select(member => member.Name).ShouldBe(["Timestamp", "Level", "RenderedMessage"]);
    }
}
