using System.Globalization;
using Broadcast.Media;

namespace Broadcast.Transcoder;

/// <summary>One track's way to its rendition.</summary>
internal sealed class Lane(int track, Rendition rendition)
{
    public int Track { get; } = track;

    public Rendition Rendition { get; } = rendition;

    /// <summary>Whether samples were lost, so that nothing can be decoded before the next sync sample.</summary>
    public bool WaitsForSync { get; set; }
}

/// <summary>
/// Which tracks of a publication become which renditions. The first video is <c>source</c>; others, which an encoder that sends a whole ladder adds, are named by
/// their size as rungs are (<c>720p</c>). The first audio is <c>audio</c>, others are numbered behind it (<c>audio-2</c>).
/// </summary>
internal sealed class RenditionPlan
{
    /// <summary>Renditions of a publication at most: six rungs and six languages. A bound on what an encoder can make us keep.</summary>
    public const int MaxRenditions = 12;

    private readonly List<Lane> _lanes = [];
    private readonly List<Track> _tracks = [];
    private readonly bool _videoLeads;

    private RenditionPlan(IReadOnlyList<Track> tracks)
    {
        _videoLeads = tracks.Any(t => t.Kind == TrackKind.Video);

        // The one that leads first, so that it is never one too many.
        foreach (var track in tracks.OrderBy(t => t.Kind == TrackKind.Audio).Take(MaxRenditions))
        {
            Add(track);
        }
    }

    /// <summary>The tracks it knows.</summary>
    public IReadOnlyList<Track> Tracks => _tracks;

    /// <summary>The renditions so far.</summary>
    public IReadOnlyList<Rendition> Renditions => [.. _lanes.Select(l => l.Rendition)];

    /// <summary>Whether there is one video track: an encoder that sends several has made the ladder itself.</summary>
    public bool HasOnePicture { get; private set; }

    public static RenditionPlan For(IReadOnlyList<Track> tracks) => new(tracks);

    /// <summary>Whether this track is a first video where audio leads so far.</summary>
    public bool MustBeginAnew(Track track) => !_videoLeads && track.Kind == TrackKind.Video;

    /// <summary>The way of a track; one not seen before gets a way of its own. <see langword="null"/> for tracks beyond the limit, which are not passed on.</summary>
    public Lane? Find(Track track)
    {
        foreach (var lane in _lanes)
        {
            if (lane.Track == track.Id)
            {
                return lane;
            }
        }

        return _lanes.Count < MaxRenditions ? Add(track) : null;
    }

    private Lane Add(Track track)
    {
        var isFirst = !_lanes.Exists(l => l.Rendition.Kind == track.Kind);
        var leads = isFirst && track.Kind == (_videoLeads ? TrackKind.Video : TrackKind.Audio);
        var lane = new Lane(track.Id, new Rendition(Unused(NameOf(track, isFirst)), track.Kind, leads));
        _lanes.Add(lane);
        _tracks.Add(track);
        HasOnePicture = _lanes.Count(l => l.Rendition.Kind == TrackKind.Video) == 1;
        return lane;
    }

    private static string NameOf(Track track, bool isFirst) => track switch
    {
        { Kind: TrackKind.Audio } => "audio",

        // A picture that stands upright is named by its shorter side, too.
        { Config.Picture: { } picture } when !isFirst => string.Create(CultureInfo.InvariantCulture, $"{Math.Min(picture.DisplayWidth, picture.Height)}p"),
        _ => "source",
    };

    private string Unused(string name)
    {
        var (unused, number) = (name, 1);
        while (_lanes.Exists(l => l.Rendition.Name == unused))
        {
            unused = string.Create(CultureInfo.InvariantCulture, $"{name}-{++number}");
        }

        return unused;
    }
}
