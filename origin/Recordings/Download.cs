using System.Security.Cryptography;
using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Origin.Delivery;
using Broadcast.Origin.Rewinding;

namespace Broadcast.Origin.Recordings;

/// <summary>A rendition of what is to be one file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it carries.</param>
/// <param name="Segments">Its segments, by rising number.</param>
internal sealed record DownloadTrack(string Name, TrackKind Kind, IReadOnlyList<ChapterSegment> Segments);

/// <summary>What is to be one file.</summary>
/// <param name="Session">The session that has the media.</param>
/// <param name="Begin">Where it begins by wall clock.</param>
/// <param name="Tracks">Its tracks, in the order that the file has them; at least one.</param>
internal sealed record DownloadPlan(BroadcastSession Session, DateTimeOffset Begin, IReadOnlyList<DownloadTrack> Tracks)
{
    /// <summary>Stands for the sound that players begin with, where no rendition is called so.</summary>
    public const string Sound = "audio";

    /// <summary>
    /// What of a recording goes into a file; <see langword="null"/> when there is nothing of what is wanted. Pictures have the sound that players begin with beside them.
    /// </summary>
    /// <param name="view">The recording, with the segments that are in it.</param>
    /// <param name="wanted">A rendition's name, <c>audio</c> for the sound alone, or <see langword="null"/> for the best pictures.</param>
    public static DownloadPlan? Of(PastView view, string? wanted)
    {
        var there = view.Renditions.Where(rendition => rendition.Segments.Any(segment => segment.HasMedia)).ToList();
        var sound = there.Find(rendition => rendition.Kind == TrackKind.Audio);
        var chosen = wanted is null ? there.Find(rendition => rendition.Kind == TrackKind.Video) ?? sound
            : there.Find(rendition => rendition.Name == wanted) ?? (wanted == Sound ? sound : null);
        if (chosen is null)
        {
            return null;
        }

        IReadOnlyList<PastRendition> both = chosen.Kind == TrackKind.Video && sound is not null ? [chosen, sound] : [chosen];
        return new DownloadPlan(
            view.Session, both.Min(rendition => rendition.Segments.First(segment => segment.HasMedia).WallClock),
            [.. both.Select(rendition => new DownloadTrack(rendition.Name, rendition.Kind, rendition.Segments))]);
    }

    /// <summary>The object of a segment.</summary>
    public ObjectName SegmentOf(int track, long number) => RecordedObjects.SegmentOf(Session, Tracks[track].Name, number);

    /// <summary>The object of an init segment.</summary>
    public ObjectName InitOf(int track, int number) => RecordedObjects.InitOf(Session, Tracks[track].Name, number);
}

/// <summary>A segment among those of all tracks, as the file has them.</summary>
/// <param name="Track">Whose it is.</param>
/// <param name="Number">Its number.</param>
internal readonly record struct DownloadSegment(int Track, long Number);

/// <summary>A file that is not stored anywhere: laid out, so that any of its bytes can be told where it is. Or why there is none.</summary>
internal sealed class Download
{
    private const int Overhead = 1024;
    private readonly DownloadPlan? _plan;
    private readonly DownloadSegment[] _segments = [];

    /// <summary>A file.</summary>
    /// <param name="plan">What it is made of.</param>
    /// <param name="segments">What the layout's sources stand for.</param>
    /// <param name="layout">The layout.</param>
    public Download(DownloadPlan plan, DownloadSegment[] segments, MovieLayout layout)
    {
        // Segments are not needed any more: they would be most of it.
        _plan = plan with { Tracks = [.. plan.Tracks.Select(track => track with { Segments = [] })] };
        (_segments, Layout) = (segments, layout);

        // Sizes of all samples are in the head; what stands behind it never changes.
        Tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(layout.Head.Span).AsSpan(0, 10))}\"";
        ContentType = ContentTypes.Of(plan.Tracks.Any(track => track.Kind == TrackKind.Video) ? TrackKind.Video : TrackKind.Audio);
        Bytes = Overhead + layout.Bytes + (16L * segments.Length);
    }

    /// <summary>No file.</summary>
    /// <param name="refusal">Why, for people.</param>
    public Download(string refusal) => (Refusal, Tag, ContentType, Bytes) = (refusal, "", "", Overhead);

    /// <summary>Where its bytes are; <see langword="null"/> when there is a <see cref="Refusal"/>.</summary>
    public MovieLayout? Layout { get; }

    /// <summary>Why there is none, for people; <see langword="null"/> when there is one.</summary>
    public string? Refusal { get; }

    /// <summary>When it begins by wall clock.</summary>
    public DateTimeOffset Begin => _plan?.Begin ?? default;

    /// <summary>Its entity tag, with quotes.</summary>
    public string Tag { get; }

    /// <summary>Its media type.</summary>
    public string ContentType { get; }

    /// <summary>Bytes of memory that it takes.</summary>
    public long Bytes { get; }

    /// <summary>The object of one of the layout's sources.</summary>
    public ObjectName ObjectOf(int source) => _plan!.SegmentOf(_segments[source].Track, _segments[source].Number);
}
