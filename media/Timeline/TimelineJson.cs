using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broadcast.Media.Timeline;

/// <summary>
/// The JSON of a timeline event is malformed, of an unknown type, incomplete or out of range. The message quotes at most a property name of
/// the input.
/// </summary>
public sealed class InvalidTimelineEventException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Serializes timeline events as JSON, for the journal and between processes: one object per event, without line breaks, <c>type</c> first.
/// Media times are <c>"ticks/timescale"</c>. Unknown properties are ignored, so that older processes can read newer journals.
/// </summary>
public static class TimelineJson
{
    /// <summary>Maximum event size in bytes.</summary>
    public const int MaxLength = 65_536;

    private const int MaxTiles = 100;
    private const string EarlyPeriod = "a period begins before the session";

    /// <summary>Serializes an event.</summary>
    public static void Write(TimelineEvent @event, IBufferWriter<byte> output)
    {
        using var writer = new Utf8JsonWriter(output);
        JsonSerializer.Serialize(writer, @event, TimelineJsonContext.Default.TimelineEvent);
    }

    /// <summary>Serializes an event as UTF-8.</summary>
    public static byte[] Serialize(TimelineEvent @event) =>
        JsonSerializer.SerializeToUtf8Bytes(@event, TimelineJsonContext.Default.TimelineEvent);

    /// <summary>Parses an event.</summary>
    /// <exception cref="InvalidTimelineEventException">The event is invalid; the message says why.</exception>
    public static TimelineEvent Parse(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > MaxLength)
        {
            throw new InvalidTimelineEventException($"A timeline event of {utf8.Length} bytes exceeds the limit of {MaxLength}.");
        }

        TimelineEvent @event;
        try
        {
            @event = JsonSerializer.Deserialize(utf8, TimelineJsonContext.Default.TimelineEvent)
                ?? throw new InvalidTimelineEventException("A timeline event is null.");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException or InvalidOperationException or FormatException
            or ArgumentException or OverflowException)
        {
            throw new InvalidTimelineEventException($"A timeline event cannot be read: {error.Message}", error);
        }

        return FindProblem(@event) is { } problem ? throw new InvalidTimelineEventException($"A timeline event is out of range: {problem}.")
            : @event;
    }

    /// <summary>Parses events, one per line; see <see cref="JournalFile.Lines"/>.</summary>
    /// <exception cref="InvalidTimelineEventException">An event is invalid.</exception>
    public static List<TimelineEvent> ParseLines(ReadOnlySpan<byte> utf8)
    {
        var events = new List<TimelineEvent>();
        foreach (var line in utf8.Split((byte)'\n'))
        {
            if (!utf8[line].IsEmpty)
            {
                events.Add(Parse(utf8[line]));
            }
        }

        return events;
    }

    /// <summary>Finds values that are out of range; <see langword="null"/> when there are none.</summary>
    private static string? FindProblem(TimelineEvent @event) => @event switch
    {
        TimelineEvent.Started { Session: var session } => session switch
        {
            { Epoch: < 0 } => "epoch is negative",
            { Latency: { } latency } when latency.SegmentMinimum <= TimeSpan.Zero || latency.TargetDuration <= TimeSpan.Zero
                || latency.PartTarget <= TimeSpan.Zero || latency.Window <= TimeSpan.Zero =>
                "a duration of the latency profile is not positive",
            { DvrWindow: var dvrWindow } when dvrWindow < TimeSpan.Zero => "DVR window is negative",
            _ => null,
        },
        TimelineEvent.RenditionAdded { Position: < 0 } => "position is negative",
        TimelineEvent.InitReady init => init switch
        {
            { Init: < 1 } => "init numbers start at 1",
            { Length: < 0 } => "length is negative",
            { Format.Timescale: < 1 } => "timescale is not positive",
            { Format: { Width: < 0 } or { Height: < 0 } or { FrameRate: < 0 } or { SampleRate: < 0 } or { Channels: < 0 } } =>
                "a number of the format is negative",
            _ => null,
        },
        TimelineEvent.PartReady part => part switch
        {
            { Segment: < 1 } => "segment numbers start at 1",
            { Part: < 0 } => "part is negative",
            { Init: < 1 } => "init numbers start at 1",
            { Duration.Ticks: < 0 } => "duration is negative",
            { Offset: < 0 } or { Length: < 0 } => "offset or length is negative",
            { KeyLength: < 0 } => "the keyframe length is negative",
            _ when part.KeyLength > part.Length => "the keyframe is longer than its part",
            _ => null,
        },
        TimelineEvent.PosterReady poster => poster switch
        {
            { Time.Ticks: < 0 } => "time is negative",
            { Width: < 1 } or { Height: < 1 } => "the width or height of the poster is not positive",
            { Length: < 0 } => "length is negative",
            _ => null,
        },
        TimelineEvent.SpriteSheetReady sheet => sheet switch
        {
            { Start.Ticks: < 0 } => "start is negative",
            { Duration.Ticks: < 1 } => "duration is not positive",
            { Layout: { Columns: < 1 or > MaxTiles } or { Rows: < 1 or > MaxTiles } or { TileWidth: < 1 } or { TileHeight: < 1 } } =>
                "the layout of the sprite sheet is invalid",
            { Length: < 0 } => "length is negative",
            _ => null,
        },
        TimelineEvent.IndexBlockReady block => block switch
        {
            { First: < 1 } => "segment numbers start at 1",
            { Renditions: null } => "it has no renditions",
            _ when block.Last < block.First || block.Renditions
                .Any(range => range is null || range.First < block.First || range.Last > block.Last || range.Last < range.First)
                => "a last number is below its first, or not in the index block",
            _ when block.Renditions.Any(range => range.Init < 1 || range.Inits?.Any(init => init < 1) is true) => "init numbers start at 1",
            { Duration.Ticks: < 0 } => "duration is negative",
            { Discontinuities: < 0 } or { Length: < 0 } => "a count or length is negative",
            { Run: { First: < 1 } or { Start.Ticks: < 0 } } or { Next: { First: < 1 } or { Start.Ticks: < 0 } } => EarlyPeriod,
            _ => null,
        },
        TimelineEvent.IndexBlocksListed list => list switch
        {
            { First: < 1 } => "segment numbers start at 1",
            { Count: < 1 } or { Length: < 1 } => "a count or length is not positive",
            _ when list.Last < list.First => "a last number is below its first",
            _ => null,
        },
        TimelineEvent.SegmentGap { Duration.Ticks: < 0 } => "duration is negative",
        TimelineEvent.WindowMoved { Run: { First: < 1 } or { Start.Ticks: < 0 } } => EarlyPeriod,
        TimelineEvent.WindowMoved { Slate.First: < 1 } => "segment numbers start at 1",
        TimelineEvent.WindowMoved { Discontinuities: < 0 } => "the number of discontinuities is negative",
        TimelineEvent.SegmentGap { Segment: < 1 } or TimelineEvent.SegmentClosed { Segment: < 1 }
            or TimelineEvent.Discontinuity { Segment: < 1 }
            or TimelineEvent.WindowMoved { FirstSegment: < 1 } or TimelineEvent.DvrWindowMoved { FirstSegment: < 1 } =>
            "segment numbers start at 1",
        _ => null,
    };
}

/// <summary>Generated at build time, to avoid reflection while streams run.</summary>
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

/// <summary>Converter for a value with a text form.</summary>
internal abstract class TextConverter<T> : JsonConverter<T>
    where T : struct
{
    /// <summary>Parses the text; <see langword="false"/> when it is invalid.</summary>
    protected abstract bool TryParse(string? text, out T value);

    /// <summary>Writes the text. Values whose text cannot be parsed back are rejected.</summary>
    public sealed override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options)
    {
        var text = value.ToString();
        writer.WriteStringValue(TryParse(text, out _) ? text
            : throw new ArgumentException($"'{text}' is not a valid {typeof(T).Name} and cannot be written."));
    }

    /// <inheritdoc/>
    public sealed override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), out var value) ? value
        : throw new JsonException($"A {typeof(T).Name} is malformed.");
}

/// <summary>Converter for <c>"180000/90000"</c>.</summary>
internal sealed class MediaTimeConverter : TextConverter<MediaTime>
{
    protected override bool TryParse(string? text, out MediaTime value) => MediaTime.TryParse(text, out value);
}

/// <summary>Converter for object names.</summary>
internal sealed class ObjectNameConverter : TextConverter<ObjectName>
{
    protected override bool TryParse(string? text, out ObjectName value) => ObjectName.TryParse(text, out value);
}

/// <summary>Converter for session IDs.</summary>
internal sealed class SessionIdConverter : TextConverter<SessionId>
{
    protected override bool TryParse(string? text, out SessionId value) => SessionId.TryParse(text, out value);
}

/// <summary>Converter for channel names.</summary>
internal sealed class ChannelNameConverter : TextConverter<ChannelName>
{
    protected override bool TryParse(string? text, out ChannelName value) => ChannelName.TryParse(text, out value);
}
