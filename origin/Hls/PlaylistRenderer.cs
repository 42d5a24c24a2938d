using Broadcast.Media;
using Broadcast.Media.Objects;
using Broadcast.Media.Timeline;
using Broadcast.Origin.Dvr;
using Broadcast.Origin.Live;
using Broadcast.Origin.Thumbnails;
using static Broadcast.Origin.Live.RenditionDescription;

namespace Broadcast.Origin.Hls;

/// <summary>Renders playlists from a timeline. Pure; the caller prevents changes of the timeline meanwhile.</summary>
internal static class PlaylistRenderer
{
    private const string FirstGroup = "audio";
    private const string CaptionGroup = "cc";

    /// <summary>The media playlist of a rendition, or <see langword="null"/> while it has no closed segment.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="rendition">The rendition.</param>
    /// <param name="records">State of all renditions, by name.</param>
    /// <param name="isDelta">
    /// Whether to omit old segments, where the latency profile supports delta updates (draft-pantos-hls-rfc8216bis, 6.2.5.1).
    /// </param>
    /// <param name="firstAvailable">First sequence number that is still available.</param>
    public static MediaPlaylist? Media(
        SessionTimeline timeline, RenditionTimeline rendition, IReadOnlyDictionary<string, RenditionHistory> records, bool isDelta = false,
        long firstAvailable = 0)
    {
        var closed = rendition.Closed;
        if (closed.IsEmpty)
        {
            return null;
        }

        var latency = timeline.Session.Latency;
        var lowLatency = LowLatency.Of(latency);
        var isOpen = lowLatency is not null && !timeline.IsEnded && rendition.Open is not null;
        // "A Server MUST ignore the _HLS_skip directive if the Playlist … contains an EXT-X-ENDLIST tag" (6.2.5.1).
        var skipped = isDelta && lowLatency is not null && !timeline.IsEnded ? CountSkipped(closed, latency.TargetDuration) : 0;
        var segments = new PlaylistSegment[closed.Length - skipped + (isOpen ? 1 : 0)];
        if (isOpen)
        {
            segments[^1] = Segment(rendition, rendition.Open!, latency, withParts: true, isOpen: true);
        }

        var distance = isOpen ? rendition.Open!.Duration.TotalSeconds : 0;
        var reach = LowLatency.PartsReach(latency.TargetDuration).TotalSeconds;
        for (var i = closed.Length - 1; i >= skipped; i--)
        {
            distance += Length(closed[i], latency.TargetDuration);
            segments[i - skipped] = Segment(rendition, closed[i], latency, lowLatency is not null && distance <= reach);
        }

        var dvrRange = DvrPlaylistRange.Of(timeline, rendition.Name, closed[0].Number, firstAvailable);
        return new MediaPlaylist
        {
            TargetDuration = latency.TargetDuration,
            LowLatency = lowLatency,
            MediaSequence = dvrRange.First,
            DiscontinuitySequence = dvrRange.DiscontinuitySequence,
            IsEvent = timeline.Session.DvrWindow == DvrWindow.All,
            // Applies to every listed segment, including the open one (4.4.2.1).
            IndependentSegments = records[rendition.Name].IsIndependent && (!isOpen || rendition.Open!.Independent),
            SkippedSegments = skipped > 0 ? skipped + (int)(closed[0].Number - dvrRange.First) : 0,
            DvrRange = skipped > 0 ? dvrRange with { IndexBlocks = [] } : dvrRange,
            Segments = segments,
            // "A Playlist containing an EXT-X-ENDLIST tag MUST NOT contain an EXT-X-PRELOAD-HINT tag" (4.4.5.3).
            Hint = lowLatency is not null && !timeline.IsEnded && RenditionEdge.Of(rendition, latency) is { Next: var next }
                ? PlaylistParts.Uri(rendition.Name, next.Segment, next.Part) : null,
            Reports = lowLatency is not null && !timeline.IsEnded ? Reports(timeline, rendition) : [],
            IsEnded = timeline.IsEnded,
        };
    }

    /// <summary>The I-frame playlist of a rendition, or <see langword="null"/> where there is none.</summary>
    public static MediaPlaylist? IFrames(SessionTimeline timeline, RenditionTimeline rendition) =>
        rendition.Kind == TrackKind.Video && IFramePlaylist.IsOffered(timeline.Session) && IFramePlaylist.Exists(rendition)
            ? IFramePlaylist.Of(timeline, rendition, DiscontinuitiesBefore(timeline, rendition.Closed[0].Number)) : null;

    /// <summary>
    /// Number of discontinuities before a segment. Discontinuities before a late rendition's first segment count too, because the other
    /// renditions listed them.
    /// </summary>
    private static long DiscontinuitiesBefore(SessionTimeline timeline, long segment) =>
        timeline.DiscontinuitySequence + timeline.Discontinuities.Count(number => number < segment);

    /// <summary>Number of segments at the start that are farther from the end of the last closed segment than the skip boundary.</summary>
    private static int CountSkipped(ReadOnlySpan<TimelineSegment> closed, TimeSpan target)
    {
        var boundary = LowLatency.SkipBoundary(target).TotalSeconds;
        var (distance, first) = (0.0, closed.Length - 1);
        while (first > 0 && distance <= boundary)
        {
            distance += Length(closed[first--], target);
        }

        return distance > boundary ? first + 1 : 0;
    }

    private static RenditionReport[] Reports(SessionTimeline timeline, RenditionTimeline current) =>
    [
        .. timeline.Renditions.Where(other => other != current && other.Init is not null)
            .Select(other => (other.Name, Edge: RenditionEdge.Of(other, timeline.Session.Latency)))
            .Where(other => other.Edge is not null)
            .Select(other => new RenditionReport($"{other.Name}.m3u8", other.Edge!.Value.Newest.Segment, other.Edge.Value.Newest.Part)),
    ];

    /// <summary>The multivariant playlist of a session, with the renditions that have media.</summary>
    /// <param name="timeline">The session.</param>
    /// <param name="records">State of all renditions, by name.</param>
    /// <param name="listed">Names of the renditions to list; all when not given.</param>
    public static MultivariantPlaylist Multivariant(SessionTimeline timeline, IReadOnlyDictionary<string, RenditionHistory> records,
        IReadOnlySet<string>? listed = null)
    {
        var ready = timeline.Renditions.Where(rendition => rendition.Init is not null && records[rendition.Name].HasMedia
            && listed?.Contains(rendition.Name) != false).ToList();
        var video = ready.Where(rendition => rendition.Kind == TrackKind.Video).ToList();
        var groups = Groups([.. ready.Where(rendition => rendition.Kind == TrackKind.Audio)]);
        return new MultivariantPlaylist
        {
            IndependentSegments = ready.TrueForAll(rendition => records[rendition.Name].IsIndependent
                && rendition.Open is not { Independent: false }),
            Audio = [.. groups.Where(group => video.Count > 0 || group.Renditions.Count > 1)
                .SelectMany(group => Members(timeline, groups[0], group, inVariant: video.Count == 0))],
            Captions =
            [
                .. video.SelectMany(CaptionsOf).Distinct(StringComparer.Ordinal)
                    .Select(id => new CaptionRendition(CaptionGroup, id,
                        video.Where(rendition => CaptionsOf(rendition).Contains(id)).Select(LanguageOf).FirstOrDefault())),
            ],
            Variants = video.Count > 0
                ? [.. video.SelectMany(rendition => groups.DefaultIfEmpty()
                    .Select(group => Variant(timeline, rendition, group, records, video)))]
                : [.. groups.Select(group => Variant(timeline, group.Renditions[0], group.Renditions.Count > 1 ? group : null,
                    records, video))],
            IFrameStreams = !IFramePlaylist.IsOffered(timeline.Session) ? [] : [.. video.Where(IFramePlaylist.Exists)
                .Select(rendition => KeyStream(timeline, rendition, records[rendition.Name].IFrameBitrate))],
            Images = ThumbnailTrack.Of(timeline) is { } track
                ? new ImageStream(track.Bandwidth, track.Layout.TileWidth, track.Layout.TileHeight,
                    $"{timeline.Session.Id}/{ThumbnailTrack.Name}{ObjectNames.PlaylistExtension}")
                : null,
        };
    }

    /// <summary>
    /// Audio renditions grouped by codec. A player must support every codec in a variant's <c>CODECS</c>, so a player with AAC but without
    /// AC-3 needs a variant without AC-3.
    /// </summary>
    private static List<AudioGroup> Groups(List<RenditionTimeline> audio) =>
    [
        .. audio.GroupBy(rendition => rendition.Init!.Format.Codecs.Split('.')[0], StringComparer.Ordinal)
            .Select((codec, index) => new AudioGroup(index == 0 ? FirstGroup : $"{FirstGroup}-{codec.Key.ToLowerInvariant()}", [.. codec])),
    ];

    /// <summary>
    /// The tags of a group. The same audio in another codec has the same name, because groups have equal members
    /// (draft-pantos-hls-rfc8216bis, 4.4.6.1.1).
    /// </summary>
    /// <param name="timeline">The session.</param>
    /// <param name="first">The first group, which provides the names for matching groups.</param>
    /// <param name="group">The group.</param>
    /// <param name="inVariant">
    /// Whether the variant itself carries the group's first rendition, which then has no URI (RFC 8216, 4.3.4.2.1).
    /// </param>
    private static IEnumerable<AudioRendition> Members(SessionTimeline timeline, AudioGroup first, AudioGroup group, bool inVariant)
    {
        var named = first.Renditions.Select(LanguageOf).SequenceEqual(group.Renditions.Select(LanguageOf)) ? first : group;
        return group.Renditions.Select((rendition, index) => Audio(timeline, named, group, index, inVariant && index == 0));
    }

    private static PlaylistSegment Segment(RenditionTimeline rendition, TimelineSegment segment, LatencyProfile latency, bool withParts,
        bool isOpen = false) => new(
        PlaylistSegment.UriOf(rendition.Name, segment.Number), Length(segment, latency.TargetDuration),
        rendition.FindInit(segment.Init) is { } init ? PlaylistSegment.MapOf(rendition.Name, init.Number) : null, segment.WallClock,
        segment.Discontinuity, segment.IsGap)
        {
            Parts = withParts ? PlaylistParts.Of(rendition, segment, latency) : [],
            IsOpen = isOpen,
        };

    private static double Length(TimelineSegment segment, TimeSpan target) =>
        PlaylistSegment.ListedDuration(segment.Duration, segment.IsGap, target);

    private static AudioRendition Audio(SessionTimeline timeline, AudioGroup named, AudioGroup group, int index, bool isInVariant)
    {
        var rendition = group.Renditions[index];
        return new AudioRendition(group.Id, NameOf(named, index), LanguageOf(rendition), index == 0, rendition.Init!.Format.Channels,
            isInVariant ? null : UriOf(timeline, rendition));
    }

    private static VariantStream Variant(
        SessionTimeline timeline, RenditionTimeline rendition, AudioGroup? group, IReadOnlyDictionary<string, RenditionHistory> records,
        List<RenditionTimeline> video)
    {
        var format = rendition.Init!.Format;
        var bitrate = records[rendition.Name].Bitrate;
        List<RenditionTimeline> audio = group is null || rendition.Kind == TrackKind.Audio ? [] : group.Renditions;
        var peak = BitrateMeter.Step(bitrate.Peak + audio.Select(other => records[other.Name].Bitrate.Peak).DefaultIfEmpty().Max());
        var average = bitrate.AnnouncedAverage + audio.Select(other => records[other.Name].Bitrate.AnnouncedAverage).DefaultIfEmpty().Max();
        return new VariantStream(
            peak,
            Math.Min(peak, average),
            [.. audio.Select(other => other.Init!.Format.Codecs).Prepend(format.Codecs).Distinct(StringComparer.Ordinal)],
            format.Width,
            format.Height,
            format.FrameRate,
            VideoRange.Of(format.Color),
            group?.Id,
            CaptionsOf(rendition).Any() ? CaptionGroup : null,
            UriOf(timeline, rendition))
        {
            Score = Score(video, rendition, records),
        };
    }

    private static IFrameStream KeyStream(SessionTimeline timeline, RenditionTimeline rendition, BitrateMeter bitrate)
    {
        var format = rendition.Init!.Format;
        return new IFrameStream(
            BitrateMeter.Step(bitrate.Peak), bitrate.AnnouncedAverage, format.Codecs, format.Width, format.Height,
            VideoRange.Of(format.Color),
            $"{timeline.Session.Id}/{rendition.Name}/{IFramePlaylist.FileName}");
    }

    /// <summary>
    /// The score of a rendition. Where video has several codecs, bitrates no longer order the variants by quality. Then each has a rank by
    /// resolution, frame rate and codec efficiency. Either all variants have a score or none has (draft-pantos-hls-rfc8216bis, 4.4.6.2).
    /// </summary>
    private static int? Score(List<RenditionTimeline> video, RenditionTimeline rendition,
        IReadOnlyDictionary<string, RenditionHistory> records)
    {
        if (rendition.Kind != TrackKind.Video)
        {
            return null;
        }

        return video.Select(other => CodecEfficiency.FamilyOf(other.Init!.Format.Codecs)).Distinct().Skip(1).Any()
            ? 1 + video.Count(other => CodecEfficiency.Compare(Described(other), Described(rendition)) < 0)
            : null;

        (RenditionFormat, long) Described(RenditionTimeline other) => (other.Init!.Format, records[other.Name].Bitrate.AnnouncedAverage);
    }

    /// <summary>
    /// Name for the player's menu, unique in the group (RFC 8216, 4.3.4.1): the encoder's label, else the language, else the rendition's
    /// name.
    /// </summary>
    private static string NameOf(AudioGroup group, int index)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; ; i++)
        {
            var rendition = group.Renditions[i];
            var name = Unique(LabelOf) ?? Unique(LanguageOf) ?? rendition.Name;
            for (var number = 2; !names.Add(name); number++)
            {
                name = $"{rendition.Name} {number}";
            }

            if (i == index)
            {
                return name;
            }

            string? Unique(Func<RenditionTimeline, string?> of) =>
                of(rendition) is { } value && !names.Contains(value)
                && group.Renditions.Count(other => of(other) == value) == 1 ? value : null;
        }
    }

    /// <summary>Audio renditions of one codec, from which a player selects by language.</summary>
    /// <param name="Id"><c>GROUP-ID</c></param>
    /// <param name="Renditions">At least one; the first is the default.</param>
    private sealed record AudioGroup(string Id, List<RenditionTimeline> Renditions);

    private static string UriOf(SessionTimeline timeline, RenditionTimeline rendition) => $"{timeline.Session.Id}/{rendition.Name}.m3u8";
}
