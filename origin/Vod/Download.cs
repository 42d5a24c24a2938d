using System.Security.Cryptography;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Dvr;

namespace Broadcast.Origin.Vod;

/// <summary>A rendition in a download.</summary>
/// <param name="Name">Name of the rendition.</param>
/// <param name="Kind">Its media type.</param>
/// <param name="Segments">Its segments in ascending order of sequence number.</param>
internal sealed record DownloadTrack(string Name, TrackKind Kind, IReadOnlyList<IndexedSegment> Segments);

/// <summary>Content of a download.</summary>
/// <param name="Session">The session with the media.</param>
/// <param name="Start">Wall-clock time of the start.</param>
/// <param name="Tracks">Its tracks in file order; at least one.</param>
internal sealed record DownloadPlan(BroadcastSession Session, DateTimeOffset Start, IReadOnlyList<DownloadTrack> Tracks)
{
    /// <summary>Name for the default audio rendition, unless a rendition has this name.</summary>
    public const string DefaultAudio = "audio";

    /// <summary>
    /// Selects the tracks of a download; <see langword="null"/> when the recording has no such media. Video is combined with the default
    /// audio rendition.
    /// </summary>
    /// <param name="view">The recording, with its segments.</param>
    /// <param name="wanted">Name of a rendition, <c>audio</c> for audio only, or <see langword="null"/> for the best video.</param>
    public static DownloadPlan? Of(SessionSnapshot view, string? wanted)
    {
        var available = view.Renditions.Where(rendition => rendition.Segments.Any(segment => segment.HasMedia)).ToList();
        var audio = available.Find(rendition => rendition.Kind == TrackKind.Audio);
        var chosen = wanted is null ? available.Find(rendition => rendition.Kind == TrackKind.Video) ?? audio
            : available.Find(rendition => rendition.Name == wanted) ?? (wanted == DefaultAudio ? audio : null);
        if (chosen is null)
        {
            return null;
        }

        IReadOnlyList<RenditionSnapshot> renditions = chosen.Kind == TrackKind.Video && audio is not null ? [chosen, audio] : [chosen];
        return new DownloadPlan(
            view.Session, renditions.Min(rendition => rendition.Segments.First(segment => segment.HasMedia).WallClock),
            [.. renditions.Select(rendition => new DownloadTrack(rendition.Name, rendition.Kind, rendition.Segments))]);
    }

    /// <summary>Object name of a segment.</summary>
    public ObjectName SegmentOf(int track, long number) => ObjectNames.Of(Session).Segment(Tracks[track].Name, number);

    /// <summary>Object name of an init segment.</summary>
    public ObjectName InitOf(int track, int number) => ObjectNames.Of(Session).Init(Tracks[track].Name, number);
}

/// <summary>A segment in file order.</summary>
/// <param name="Track">Index of its track.</param>
/// <param name="Number">Its sequence number.</param>
internal readonly record struct DownloadSegment(int Track, long Number);

/// <summary>Layout of a virtual file, which maps each byte to its source, or the reason why there is none.</summary>
internal sealed class Download
{
    private const int Overhead = 1024;
    private readonly DownloadPlan? _plan;
    private readonly DownloadSegment[] _segments = [];

    /// <summary>Creates a download with a layout.</summary>
    /// <param name="plan">Its content.</param>
    /// <param name="segments">Segment of each source in the layout.</param>
    /// <param name="layout">The layout.</param>
    public Download(DownloadPlan plan, DownloadSegment[] segments, MovieLayout layout)
    {
        // The segments are no longer needed and would take most of the memory.
        _plan = plan with { Tracks = [.. plan.Tracks.Select(track => track with { Segments = [] })] };
        (_segments, Layout) = (segments, layout);

        // The header contains the sizes of all samples; the data after it never changes.
        Tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(layout.Head.Span).AsSpan(0, 10))}\"";
        ContentType = ContentTypes.Of(plan.Tracks.Any(track => track.Kind == TrackKind.Video) ? TrackKind.Video : TrackKind.Audio);
        Bytes = Overhead + layout.Bytes + (16L * segments.Length);
    }

    /// <summary>Creates a download without a file.</summary>
    /// <param name="reason">The reason, for users.</param>
    public Download(string reason) => (Reason, Tag, ContentType, Bytes) = (reason, "", "", Overhead);

    /// <summary>The layout; <see langword="null"/> when there is a <see cref="Reason"/>.</summary>
    public MovieLayout? Layout { get; }

    /// <summary>The reason why there is no file, for users; <see langword="null"/> when there is one.</summary>
    public string? Reason { get; }

    /// <summary>Wall-clock time of the start.</summary>
    public DateTimeOffset Start => _plan?.Start ?? default;

    /// <summary>Entity tag, with quotes.</summary>
    public string Tag { get; }

    /// <summary>Media type.</summary>
    public string ContentType { get; }

    /// <summary>Memory that the layout takes, in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Object name of a source in the layout.</summary>
    public ObjectName ObjectOf(int source) => _plan!.SegmentOf(_segments[source].Track, _segments[source].Number);
}
