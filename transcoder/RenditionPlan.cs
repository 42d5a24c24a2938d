using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Audio;
using Broadcast.Transcoder.Ladder;

namespace Broadcast.Transcoder;

/// <summary>The route of one track to its rendition.</summary>
internal sealed class TrackRoute(int track, Rendition rendition)
{
    /// <summary>The track's number; <see cref="None"/> until a track is assigned.</summary>
    public int Track { get; set; } = track;

    public Rendition Rendition { get; } = rendition;

    /// <summary>Fills holes of an audio rendition next to video.</summary>
    public AudioGapFiller? Filler { get; init; }

    /// <summary>Indicates whether samples were dropped, so that decoding can resume only at the next sync sample.</summary>
    public bool WaitsForSync { get; set; }

    /// <summary>Passthrough route of the same audio, if the track is both encoded and passed through.</summary>
    public TrackRoute? Passthrough { get; set; }

    /// <summary>No track assigned.</summary>
    public const int None = -1;

    /// <summary>No track of its own: the route carries another route's track.</summary>
    public const int Additional = -2;
}

/// <summary>
/// Maps the tracks of a publication to renditions. The first video track is <c>source</c>; further ones, from an encoder that sends a
/// ladder, are named by size like rungs (<c>720p</c>). The first audio track is <c>audio</c>, further ones are numbered (<c>audio-2</c>).
/// With video, <c>audio</c> always exists: it is silent until audio arrives (<see cref="AudioGapFiller"/>).
/// </summary>
internal sealed class RenditionPlan
{
    /// <summary>Maximum renditions of a publication: six rungs and six languages. Limits the state that an encoder can cause.</summary>
    public const int MaxRenditions = 12;

    /// <summary>Number of the silent track, above those of encoders and rungs.</summary>
    private const int SilentTrack = 2000;

    private const string AudioName = "audio";

    private readonly List<TrackRoute> _routes = [];
    private readonly List<Track> _tracks = [];
    private readonly bool _videoLeads;
    private readonly bool _encodes;

    private RenditionPlan(IReadOnlyList<Track> tracks, bool encodes)
    {
        _encodes = encodes;
        _videoLeads = tracks.Any(t => t.Kind == TrackKind.Video);

        // The leading track first, so that the limit never excludes it.
        foreach (var track in tracks.OrderBy(t => t.Kind == TrackKind.Audio).Take(MaxRenditions))
        {
            Add(track);
        }

        if (_videoLeads && !tracks.Any(t => t.Kind == TrackKind.Audio) && _routes.Count < MaxRenditions)
        {
            _routes.Add(new TrackRoute(TrackRoute.None, new Rendition(AudioName, TrackKind.Audio, IsLeading: false)) { Filler =
                new AudioGapFiller(SilentTrack, isNeeded: true, isExpected: false) });
        }
    }

    /// <summary>The known tracks.</summary>
    public IReadOnlyList<Track> Tracks => _tracks;

    /// <summary>The current renditions.</summary>
    public IReadOnlyList<Rendition> Renditions => [.. _routes.Select(l => l.Rendition)];

    /// <summary>Audio renditions without holes, with their fillers.</summary>
    public IEnumerable<(TrackRoute Route, AudioGapFiller Filler)> GapFilledRoutes
    {
        get
        {
            foreach (var route in _routes)
            {
                if (route.Filler is { } filler)
                {
                    yield return (route, filler);
                }
            }
        }
    }

    /// <summary>Indicates whether there is a single video track. An encoder that sends several provides the ladder itself.</summary>
    public bool HasSingleVideo { get; private set; }

    /// <summary>Creates a plan for known tracks.</summary>
    /// <param name="tracks">The tracks.</param>
    /// <param name="encodes">Whether audio may be encoded; one track can then become two renditions (<see cref="AudioPlan"/>).</param>
    public static RenditionPlan For(IReadOnlyList<Track> tracks, bool encodes = false) => new(tracks, encodes);

    /// <summary>Returns whether the track is the first video track in a plan led by audio.</summary>
    public bool RequiresNewPlan(Track track) => !_videoLeads && track.Kind == TrackKind.Video;

    /// <summary>
    /// Gets the route of a track, adding one for a new track; <see langword="null"/> beyond the limit, where tracks are not forwarded.
    /// </summary>
    public TrackRoute? Find(Track track)
    {
        foreach (var route in _routes)
        {
            if (route.Track == track.Id)
            {
                return route;
            }
        }

        if (track.Kind == TrackKind.Audio && _routes.Find(l => l.Track == TrackRoute.None) is { } silentRoute)
        {
            silentRoute.Track = track.Id;
            _tracks.Add(track);
            return silentRoute;
        }

        return _routes.Count < MaxRenditions ? Add(track) : null;
    }

    private TrackRoute Add(Track track)
    {
        var isFirst = !_routes.Exists(l => l.Rendition.Kind == track.Kind);
        var leads = isFirst && track.Kind == (_videoLeads ? TrackKind.Video : TrackKind.Audio);
        var route = new TrackRoute(track.Id, new Rendition(UniqueName(NameOf(track, isFirst)), track.Kind, leads))
        {
            Filler = track.Kind == TrackKind.Audio && _videoLeads
                ? new AudioGapFiller(SilentTrack, isNeeded: isFirst, isExpected: true) : null,
        };
        _routes.Add(route);
        _tracks.Add(track);
        if (_encodes && track.Kind == TrackKind.Audio && AudioPlan.For(track.Config) is { Passes: true, Target: not null })
        {
            PassthroughOf(route);
        }

        HasSingleVideo = _routes.Count(l => l.Rendition.Kind == TrackKind.Video) == 1;
        return route;
    }

    /// <summary>
    /// Gets the passthrough route of an audio track that is also encoded: <c>audio-source</c>. <see langword="null"/> beyond the limit.
    /// </summary>
    public TrackRoute? PassthroughOf(TrackRoute route)
    {
        if (route.Passthrough is null && _routes.Count < MaxRenditions)
        {
            route.Passthrough = new TrackRoute(TrackRoute.Additional,
                new Rendition(UniqueName(route.Rendition.Name + "-source"), TrackKind.Audio, IsLeading: false))
            {
                Filler = _videoLeads ? new AudioGapFiller(SilentTrack, isNeeded: false, isExpected: true) : null,
            };
            _routes.Add(route.Passthrough);
        }

        return route.Passthrough;
    }

    private static string NameOf(Track track, bool isFirst) => track switch
    {
        { Kind: TrackKind.Audio } => AudioName,

        // Portrait video is named by its shorter side too.
        { Config.VideoFormat: { } format } when !isFirst =>
            string.Create(CultureInfo.InvariantCulture, $"{Math.Min(format.DisplayWidth, format.Height)}p"),
        _ => SourceReencode.Name,
    };

    private string UniqueName(string name)
    {
        var (uniqueName, number) = (name, 1);
        while (_routes.Exists(l => l.Rendition.Name == uniqueName))
        {
            uniqueName = string.Create(CultureInfo.InvariantCulture, $"{name}-{++number}");
        }

        return uniqueName;
    }
}
