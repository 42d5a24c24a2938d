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

/// <summary>Which tracks of a publication become which renditions: the first video <c>source</c>, the first audio <c>audio</c>, others numbered behind them.</summary>
internal sealed class RenditionPlan
{
    private readonly List<Lane> _lanes = [];
    private readonly List<Track> _tracks = [];
    private readonly bool _videoLeads;

    private RenditionPlan(IReadOnlyList<Track> tracks)
    {
        _videoLeads = tracks.Any(t => t.Kind == TrackKind.Video);
        foreach (var track in tracks)
        {
            Add(track);
        }
    }

    /// <summary>The tracks it knows.</summary>
    public IReadOnlyList<Track> Tracks => _tracks;

    /// <summary>The renditions so far.</summary>
    public IReadOnlyList<Rendition> Renditions => [.. _lanes.Select(l => l.Rendition)];

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

    /// <summary>Renditions of a publication at most; a bound on what an encoder can make us keep.</summary>
    public const int MaxRenditions = 8;

    private Lane Add(Track track)
    {
        var kind = track.Kind;
        var same = _lanes.Count(l => l.Rendition.Kind == kind);
        var name = (kind == TrackKind.Video ? "source" : "audio") + (same == 0 ? "" : $"-{same + 1}");
        var leads = same == 0 && kind == (_videoLeads ? TrackKind.Video : TrackKind.Audio);
        var lane = new Lane(track.Id, new Rendition(name, kind, leads));
        _lanes.Add(lane);
        _tracks.Add(track);
        return lane;
    }
}
