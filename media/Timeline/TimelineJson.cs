using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broadcast.Media;

/// <summary>A timeline event's JSON is not one: broken, of an unknown type, without something that is needed, or out of range. The message says what; it repeats no more than a name of the input.</summary>
public sealed class InvalidTimelineEventException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Timeline events as JSON: how the journal keeps them and how they travel between processes. One object an event, without line breaks, its <c>type</c> first;
/// media times are <c>"ticks/timescale"</c>. Properties that are not known are passed over, so that an older process can read a newer one's journal.
/// </summary>
public static class TimelineJson
{
    /// <summary>Longest event accepted, in bytes.</summary>
    public const int MaxLength = 65_536;

    private const int MaxTiles = 100;
    private const string EarlyRun = "a run begins before the session";

    /// <summary>Writes an event.</summary>
    public static void Write(TimelineEvent @event, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output);
        JsonSerializer.Serialize(writer, @event, TimelineJsonContext.Default.TimelineEvent);
    }

    /// <summary>An event as UTF-8.</summary>
    public static byte[] Serialize(TimelineEvent @event) => JsonSerializer.SerializeToUtf8Bytes(@event, TimelineJsonContext.Default.TimelineEvent);

    /// <summary>Reads an event.</summary>
    /// <exception cref="InvalidTimelineEventException">It is not one; the message says what is wrong.</exception>
    public static TimelineEvent Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxLength)
        {
            throw new InvalidTimelineEventException($"A timeline event of {utf8.Length} bytes is over the limit of {MaxLength}.");
        }

        TimelineEvent @event;
        try
        {
            @event = JsonSerializer.Deserialize(utf8, TimelineJsonContext.Default.TimelineEvent)
                ?? throw new InvalidTimelineEventException("A timeline event is null.");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or InvalidOperationException or FormatException or ArgumentException or OverflowException)
        {
            throw new InvalidTimelineEventException($"A timeline event cannot be read: {error.Message}", error);
        }

        return Mistake(@event) is { } mistake ? throw new InvalidTimelineEventException($"A timeline event is out of range: {mistake}.") : @event;
    }

    /// <summary>What no timeline can hold, whatever its form; <see langword="null"/> when nothing is wrong.</summary>
    private static string? Mistake(TimelineEvent @event) => @event switch
    {
        TimelineEvent.Started { Session: var session } => session switch
        {
            { Epoch: < 0 } => "epoch is negative",
            { Latency: { } latency } when latency.SegmentMinimum <= TimeSpan.Zero || latency.TargetDuration <= TimeSpan.Zero
                || latency.PartTarget <= TimeSpan.Zero || latency.Window <= TimeSpan.Zero => "a length of the latency profile is not above 0",
            { Rewind: var rewind } when rewind < TimeSpan.Zero => "rewind is negative",
            _ => null,
        },
        TimelineEvent.RenditionAdded { Place: < 0 } => "place is negative",
        TimelineEvent.InitReady init => init switch
        {
            { Init: < 1 } => "init numbers begin at 1",
            { Length: < 0 } => "length is negative",
            { Format.Timescale: < 1 } => "timescale is not above 0",
            { Format: { Width: < 0 } or { Height: < 0 } or { FrameRate: < 0 } or { SampleRate: < 0 } or { Channels: < 0 } } => "a number of the format is negative",
            _ => null,
        },
        TimelineEvent.PartReady part => part switch
        {
            { Segment: < 1 } => "segment numbers begin at 1",
            { Part: < 0 } => "part is negative",
            { Init: < 1 } => "init numbers begin at 1",
            { Duration.Ticks: < 0 } => "duration is negative",
            { Offset: < 0 } or { Length: < 0 } => "offset or length is negative",
            { KeyLength: < 0 } => "the key picture's length is negative",
            _ when part.KeyLength > part.Length => "the key picture is longer than its part",
            _ => null,
        },
        TimelineEvent.PosterReady poster => poster switch
        {
            { Time.Ticks: < 0 } => "time is negative",
            { Width: < 1 } or { Height: < 1 } => "a side of the poster is not above 0",
            { Length: < 0 } => "length is negative",
            _ => null,
        },
        TimelineEvent.SheetReady sheet => sheet switch
        {
            { Start.Ticks: < 0 } => "start is negative",
            { Duration.Ticks: < 1 } => "duration is not above 0",
            { Layout: { Columns: < 1 or > MaxTiles } or { Rows: < 1 or > MaxTiles } or { TileWidth: < 1 } or { TileHeight: < 1 } } => "the layout of the sheet is not one",
            { Length: < 0 } => "length is negative",
            _ => null,
        },
        TimelineEvent.ChapterReady chapter => chapter switch
        {
            { First: < 1 } => "segment numbers begin at 1",
            { Renditions: null } => "it has no renditions",
            _ when chapter.Last < chapter.First || chapter.Renditions.Any(range => range is null || range.First < chapter.First || range.Last > chapter.Last || range.Last < range.First)
                => "a last number is below its first, or not in the chapter",
            _ when chapter.Renditions.Any(range => range.Init < 1) => "init numbers begin at 1",
            { Duration.Ticks: < 0 } => "duration is negative",
            { Discontinuities: < 0 } or { Length: < 0 } => "a count or length is negative",
            { Run: { First: < 1 } or { Start.Ticks: < 0 } } or { Next: { First: < 1 } or { Start.Ticks: < 0 } } => EarlyRun,
            _ => null,
        },
        TimelineEvent.SegmentGap { Duration.Ticks: < 0 } => "duration is negative",
        TimelineEvent.WindowMoved { Run: { First: < 1 } or { Start.Ticks: < 0 } } => EarlyRun,
        TimelineEvent.WindowMoved { Slate.First: < 1 } => "segment numbers begin at 1",
        TimelineEvent.SegmentGap { Segment: < 1 } or TimelineEvent.SegmentClosed { Segment: < 1 } or TimelineEvent.Discontinuity { Segment: < 1 }
            or TimelineEvent.WindowMoved { FirstSegment: < 1 } or TimelineEvent.RewindMoved { FirstSegment: < 1 } => "segment numbers begin at 1",
        _ => null,
    };
}

/// <summary>Generated at build time, so that nothing is looked up by reflection while a stream runs.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    AllowOutOfOrderMetadataProperties = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 8,
    Converters = [typeof(MediaTimeConverter), typeof(ObjectNameConverter), typeof(SessionIdConverter), typeof(ChannelNameConverter)])]
[JsonSerializable(typeof(TimelineEvent))]
internal sealed partial class TimelineJsonContext : JsonSerializerContext;

/// <summary>A value that stands in JSON as a short text.</summary>
internal abstract class TextConverter<T> : JsonConverter<T>
    where T : struct
{
    /// <summary>Reads the text; <see langword="false"/> when it is not one.</summary>
    protected abstract bool TryParse(string? text, out T value);

    /// <summary>The text; one that cannot be read again is refused.</summary>
    public sealed override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        var text = value.ToString();
        writer.WriteStringValue(TryParse(text, out _) ? text : throw new ArgumentException($"'{text}' is no {typeof(T).Name}, so it cannot be written."));
    }

    /// <inheritdoc/>
    public sealed override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), out var value) ? value : throw new JsonException($"A {typeof(T).Name} is not in its form.");
}

/// <summary><c>"180000/90000"</c>.</summary>
internal sealed class MediaTimeConverter : TextConverter<MediaTime>
{
    protected override bool TryParse(string? text, out MediaTime value) => MediaTime.TryParse(text, out value);
}

/// <summary>An object's name.</summary>
internal sealed class ObjectNameConverter : TextConverter<ObjectName>
{
    protected override bool TryParse(string? text, out ObjectName value) => ObjectName.TryParse(text, out value);
}

/// <summary>A session's ULID.</summary>
internal sealed class SessionIdConverter : TextConverter<SessionId>
{
    protected override bool TryParse(string? text, out SessionId value) => SessionId.TryParse(text, out value);
}

/// <summary>A channel's slug.</summary>
internal sealed class ChannelNameConverter : TextConverter<ChannelName>
{
    protected override bool TryParse(string? text, out ChannelName value) => ChannelName.TryParse(text, out value);
}
