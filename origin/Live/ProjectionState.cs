using System.Text.Json;
using System.Text.Json.Serialization;
using Broadcast.Origin.Dash;

namespace Broadcast.Origin.Live;

/// <summary>
/// State of a session's projection beyond its timeline. With both, another server renders the same manifests. It travels in feeds as JSON.
/// </summary>
/// <param name="Renditions">State of the renditions.</param>
/// <param name="Periods">State of the periods.</param>
/// <param name="PublishedAt">Time of the last change of the MPD.</param>
/// <param name="ChangedAt">Time of the last change of any manifest.</param>
/// <param name="FirstAvailable">First sequence number in media playlists.</param>
/// <param name="SinceMedia">Time since the last part.</param>
/// <param name="IsPlayable">Whether every rendition has had a closed segment.</param>
internal sealed record ProjectionState(
    IReadOnlyList<RenditionState> Renditions, PeriodsState Periods, DateTimeOffset PublishedAt, DateTimeOffset ChangedAt,
    long FirstAvailable, TimeSpan SinceMedia, bool IsPlayable)
{
    /// <summary>The part that viewers get, when it does not start with the session.</summary>
    public VisiblePartState? Visible { get; init; }

    /// <summary>Serializes the state.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ProjectionJsonContext.Default.ProjectionState);

    /// <summary>Parses a state.</summary>
    /// <exception cref="InvalidDataException">The JSON is malformed.</exception>
    public static ProjectionState Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ProjectionJsonContext.Default.ProjectionState)
                ?? throw new InvalidDataException("The state of the projection is null.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"The state of the projection cannot be read: {error.Message}", error);
        }
    }
}

/// <summary>State of the part of a session that viewers get.</summary>
/// <param name="From">Wall-clock time from which viewers get the session.</param>
/// <param name="Segment">Sequence number of the first visible segment.</param>
/// <param name="Start">Start of that segment on the session's timeline.</param>
/// <param name="IsExact">See <see cref="VisibilityStart.IsExact"/>.</param>
/// <param name="Checkpoint">Events that rebuild the visible timeline, as in a journal.</param>
/// <param name="Projection">State of its projection.</param>
internal sealed record VisiblePartState(DateTimeOffset From, long Segment, TimeSpan Start, bool IsExact, string Checkpoint,
    ProjectionState Projection);

/// <summary>State of a rendition; see <see cref="RenditionHistory"/>.</summary>
internal sealed record RenditionState(string Name, long LastClosed, bool HasMedia, bool IsIndependent, BitrateState Bitrate,
    BitrateState IFrameBitrate, LatenessState Lateness);

/// <summary>State of a <see cref="BitrateMeter"/>.</summary>
internal readonly record struct BitrateState(long Bytes, double Seconds, long PendingBytes, double PendingSeconds, long AnnouncedAverage,
    long Peak);

/// <summary>State of <see cref="Live.Lateness"/>.</summary>
internal sealed record LatenessState(IReadOnlyList<TimeSpan> Newest, TimeSpan? BeforeInterruption, TimeSpan? Last);

/// <summary>Generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    IgnoreReadOnlyProperties = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 16)]
[JsonSerializable(typeof(ProjectionState))]
internal sealed partial class ProjectionJsonContext : JsonSerializerContext;
