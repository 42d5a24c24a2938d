using System.Globalization;
using Broadcast.Media;
using Broadcast.Transcoder.Audio;
using Broadcast.Transcoder.Ladder;

namespace Broadcast.Transcoder;

/// <summary>One track's way to its rendition.</summary>
internal sealed class Lane(int track, Rendition rendition)
{
    /// <summary>The track's number; <see cref="None"/> while none has come.</summary>
    public int Track { get; set; } = track;

    public Rendition Rendition { get; } = rendition;

    /// <summary>What keeps it without holes, where it is sound beside pictures.</summary>
    public SoundFill? Fill { get; init; }

    /// <summary>Whether samples were lost, so that nothing can be decoded before the next sync sample.</summary>
    public bool WaitsForSync { get; set; }

    /// <summary>The same sound as it came, where the track itself is encoded and both are wanted.</summary>
    public Lane? Original { get; set; }

    /// <summary>No track.</summary>
    public const int None = -1;

    /// <summary>No track of its own: it has what another's has.</summary>
    public const int Beside = -2;
}

/// <summary>
/// Which tracks of a publication become which renditions. The first video is <c>source</c>; others, which an encoder that sends a whole ladder adds, are named by
/// their size as rungs are (<c>720p</c>). The first audio is <c>audio</c>, others are numbered behind it (<c>audio-2</c>). Where there are pictures, there is <c>audio</c> in any case: it is silent until
/// sound comes (<see cref="SoundFill"/>).
/// </summary>
internal sealed class RenditionPlan
{
    /// <summary>Renditions of a publication at most: six rungs and six languages. A bound on what an encoder can make us keep.</summary>
    public const int MaxRenditions = 12;

    /// <summary>Number of a track that no encoder sent, beyond those of rungs.</summary>
    private const int SilentTrack = 2000;

    private const string Sound = "audio";

    private readonly List<Lane> _lanes = [];
    private readonly List<Track> _tracks = [];
    private readonly bool _videoLeads;
    private readonly bool _encodes;

    private RenditionPlan(IReadOnlyList<Track> tracks, bool encodes)
    {
        _encodes = encodes;
        _videoLeads = tracks.Any(t => t.Kind == TrackKind.Video);

        // The one that leads first, so that it is never one too many.
        foreach (var track in tracks.OrderBy(t => t.Kind == TrackKind.Audio).Take(MaxRenditions))
        {
            Add(track);
        }

        if (_videoLeads && !tracks.Any(t => t.Kind == TrackKind.Audio) && _lanes.Count < MaxRenditions)
        {
            _lanes.Add(new Lane(Lane.None, new Rendition(Sound, TrackKind.Audio, Leads: false)) { Fill = new SoundFill(SilentTrack, isNeeded: true, isExpected: false) });
        }
    }

    /// <summary>The tracks it knows.</summary>
    public IReadOnlyList<Track> Tracks => _tracks;

    /// <summary>The renditions so far.</summary>
    public IReadOnlyList<Rendition> Renditions => [.. _lanes.Select(l => l.Rendition)];

    /// <summary>Renditions of sound that are kept without holes, with what does so.</summary>
    public IEnumerable<(Lane Lane, SoundFill Fill)> Filled
    {
        get
        {
            foreach (var lane in _lanes)
            {
                if (lane.Fill is { } fill)
                {
                    yield return (lane, fill);
                }
            }
        }
    }

    /// <summary>Whether there is one video track: an encoder that sends several has made the ladder itself.</summary>
    public bool HasOnePicture { get; private set; }

    /// <summary>Plans for tracks that are known.</summary>
    /// <param name="tracks">The tracks.</param>
    /// <param name="encodes">Whether sound may be encoded, so that a track of it can become two renditions (<see cref="SoundPlan"/>).</param>
    public static RenditionPlan For(IReadOnlyList<Track> tracks, bool encodes = false) => new(tracks, encodes);

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

        if (track.Kind == TrackKind.Audio && _lanes.Find(l => l.Track == Lane.None) is { } silent)
        {
            silent.Track = track.Id;
            _tracks.Add(track);
            return silent;
        }

        return _lanes.Count < MaxRenditions ? Add(track) : null;
    }

    private Lane Add(Track track)
    {
        var isFirst = !_lanes.Exists(l => l.Rendition.Kind == track.Kind);
        var leads = isFirst && track.Kind == (_videoLeads ? TrackKind.Video : TrackKind.Audio);
        var lane = new Lane(track.Id, new Rendition(Unused(NameOf(track, isFirst)), track.Kind, leads))
        {
            Fill = track.Kind == TrackKind.Audio && _videoLeads ? new SoundFill(SilentTrack, isNeeded: isFirst, isExpected: true) : null,
        };
        _lanes.Add(lane);
        _tracks.Add(track);
        if (_encodes && track.Kind == TrackKind.Audio && SoundPlan.For(track.Config) is { Passes: true, Target: not null })
        {
            OriginalOf(lane);
        }

        HasOnePicture = _lanes.Count(l => l.Rendition.Kind == TrackKind.Video) == 1;
        return lane;
    }

    /// <summary>Where a track of sound goes as it came, when it is encoded as well: <c>audio-source</c>. <see langword="null"/> where there is no room for it.</summary>
    public Lane? OriginalOf(Lane lane)
    {
        if (lane.Original is null && _lanes.Count < MaxRenditions)
        {
            lane.Original = new Lane(Lane.Beside, new Rendition(Unused(lane.Rendition.Name + "-source"), TrackKind.Audio, Leads: false))
            {
                Fill = _videoLeads ? new SoundFill(SilentTrack, isNeeded: false, isExpected: true) : null,
            };
            _lanes.Add(lane.Original);
        }

        return lane.Original;
    }

    private static string NameOf(Track track, bool isFirst) => track switch
    {
        { Kind: TrackKind.Audio } => Sound,

        // A picture that stands upright is named by its shorter side, too.
        { Config.Picture: { } picture } when !isFirst => string.Create(CultureInfo.InvariantCulture, $"{Math.Min(picture.DisplayWidth, picture.Height)}p"),
        _ => SourceCopy.Name,
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
