using Broadcast.Media;
using Broadcast.Media.Bmff;
using Broadcast.Media.Codecs;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Packager.Segmentation;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Writes one rendition's init segments and parts to the spool. A returned event refers to data that is already in the file. After a disk
/// error, the rest of the segment is dropped, because later parts would not be decodable. Owned by one session; not thread-safe.
/// </summary>
/// <param name="spool">Spool for the files.</param>
/// <param name="timeline">Timeline of the session.</param>
/// <param name="rendition">The rendition.</param>
/// <param name="maxUsedNumber">Highest number that another process may have used for init segments; usually 0.</param>
/// <param name="inits">Bytes of init segments that an earlier process wrote, as far as they are readable.</param>
internal sealed class RenditionWriter(ISpool spool, SessionTimeline timeline, string rendition, int maxUsedNumber,
    IReadOnlyDictionary<ObjectName, byte[]> inits)
{
    private readonly SessionObjectNames _names = ObjectNames.Of(timeline.Session);
    private readonly FragmentWriter _fragments = new();
    private readonly ReusableInits _inits = new(timeline, rendition, inits);
    private CaptionServices _captions = CaptionServices.Parse(timeline.Find(rendition)?.Init?.Format.Captions);
    private int _newestInit = timeline.Find(rendition)?.NewestInit?.Number ?? maxUsedNumber;
    private int _init = timeline.Find(rendition)?.Init?.Number ?? 0;
    private TimelineEvent.InitReady? _announcedInit;
    private Track? _track;
    private ISpoolFile? _file;
    private ISpoolFile? _initFile;
    private long _announced;
    private long _segment;
    private int _parts;
    private uint _crc;
    private long _abandonedSegment;

    /// <summary>
    /// Number of the init segment of the newest part, or of the newest init segment if that one has left the timeline; 0 without one.
    /// </summary>
    public int Init => _init == 0 || timeline.Find(rendition)?.FindInit(_init) is not null ? _init : _newestInit;

    /// <summary>Returns whether a part of the segment was lost, so that the rest is dropped.</summary>
    public bool IsAbandoned(long segment) => _abandonedSegment == segment;

    /// <summary>Writes a new init segment if the part's configuration requires one.</summary>
    /// <returns>The event, or <see langword="null"/> when an announced init segment applies.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public TimelineEvent.InitReady? WriteInit(SegmenterOutput.Part part, ICollection<ISpoolFile> complete)
    {
        var track = part.Media.Track;
        if (_track is not null && _track.IsConfiguredAs(track) && Init == _init)
        {
            return null;
        }

        var bytes = InitSegmentWriter.Write(track);
        var format = RenditionFormats.Describe(track, part);
        if (_inits.Find(bytes, format) is { } known)
        {
            // Players have it, or read it again at its URL.
            (_init, _track, _announcedInit) = (known.Init, track, known);
            return _captions.HasMoreThan(CaptionServices.Parse(known.Format.Captions)) ? Announce(known) : null;
        }

        var number = _newestInit + 1;
        _initFile ??= OpenEmpty(_names.Init(rendition, number));
        _initFile.Append([bytes]);
        complete.Add(_initFile);
        _captions |= RenditionFormats.CaptionsIn(part);
        var ready = Announce(new TimelineEvent.InitReady(rendition, number, format, _initFile.Name, bytes.Length));
        _inits.Add(ready, bytes);
        (_initFile, _init, _newestInit, _track) = (null, number, number, track);
        return ready;
    }

    /// <summary>
    /// Searches the video frames of a part for captions. Once found, captions are announced for the rest of the rendition: a silent encoder
    /// still has them, and a slate may stand in for an encoder that has them.
    /// </summary>
    /// <returns>The newest init segment with updated captions, or <see langword="null"/> without new ones.</returns>
    public TimelineEvent.InitReady? FindCaptions(SegmenterOutput.Part part)
    {
        if (_announcedInit is null || part.Media.Track.Kind != TrackKind.Video)
        {
            return null;
        }

        var found = RenditionFormats.CaptionsIn(part);
        if (!found.HasMoreThan(_captions))
        {
            return null;
        }

        _captions |= found;
        return Announce(_announcedInit);
    }

    /// <summary>Appends a part to its segment.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public TimelineEvent.PartReady Write(SegmenterOutput.Part part)
    {
        if (_file is null || _segment != part.Segment)
        {
            var name = _names.Segment(rendition, part.Segment);
            if (_file?.Name != name)
            {
                _file = OpenEmpty(name);
            }

            (_segment, _parts, _announced, _crc) = (part.Segment, 0, 0, 0);
        }

        var media = part.Media;
        var header = _fragments.Write(
            new FragmentHeader((uint)((part.Segment << 10) + _parts), media.Decode,
                _parts == 0 ? SegmentTypeBox.Segment : SegmentTypeBox.None),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(media.Samples));
        media.Bytes[0] = header;
        _file.Append(media.Bytes);
        foreach (var slice in media.Bytes)
        {
            _crc = Crc32C.Append(_crc, slice.Span);
        }

        var length = (int)(header.Length + media.PayloadLength);
        var keyframeLength = _parts == 0 && part.Independent
            && media.Track.Kind == TrackKind.Video ? (int)header.Length + media.Bytes[1].Length : 0;
        var ready = new TimelineEvent.PartReady(
            rendition, part.Segment, _parts++, Init, part.Start, part.Duration, part.Independent, part.WallClock, _file.Name, _announced,
            length, keyframeLength, _crc);
        _announced += length;
        return ready;
    }

    /// <summary>Abandons the rest of a segment.</summary>
    public void Abandon(long segment) => _abandonedSegment = segment;

    /// <summary>Completes a segment.</summary>
    /// <param name="segment">Segment number.</param>
    /// <param name="complete">Receives the file, which can be uploaded once the end is announced.</param>
    /// <returns>Whether the segment has any part. If not, and a gap is announced for it, its file is not needed: see
    /// <see cref="Drop"/>.</returns>
    public bool Close(long segment, ICollection<ISpoolFile> complete)
    {
        if (_file is null || _segment != segment || _parts == 0)
        {
            return false;
        }

        complete.Add(_file);
        _file = null;
        return true;
    }

    /// <summary>Abandons a file without parts, and returns its name.</summary>
    public ObjectName? Drop()
    {
        var name = _file?.Name;
        _file = null;
        return name;
    }

    /// <summary>The announcement of an init segment with the captions found so far.</summary>
    private TimelineEvent.InitReady Announce(TimelineEvent.InitReady init) =>
        _announcedInit = init with { Format = init.Format with { Captions = _captions.Any ? _captions.ToString() : null } };

    private ISpoolFile OpenEmpty(ObjectName name)
    {
        var file = spool.Open(name);
        if (file.Length > 0)
        {
            // Data of an earlier process that was never announced.
            file.Truncate(0);
        }

        return file;
    }
}

/// <summary>Rendition formats for manifests, based on the actual media.</summary>
internal static class RenditionFormats
{
    /// <summary>Maximum number of frames of a part that are searched for captions: two seconds at the maximum frame rate.</summary>
    private const int MaxFrames = 240;

    /// <summary>Describes a rendition by its track and its first part.</summary>
    public static RenditionFormat Describe(Track track, SegmenterOutput.Part part) => track.Config switch
    {
        { VideoFormat: { } video } config => new RenditionFormat(
            TrackKind.Video, config.CodecString, track.Timescale, video.DisplayWidth, video.Height,
            FrameRate(video.FramesPerSecond, part), 0, 0, track.Language, track.Name, track.Color),
        { AudioFormat: { } audio } config => new RenditionFormat(
            TrackKind.Audio, config.CodecString, track.Timescale, 0, 0, 0, audio.SampleRate, audio.Channels, track.Language, track.Name),
        _ => throw new ArgumentException("A configuration without a frame size cannot be described.", nameof(track)),
    };

    /// <summary>
    /// Finds captions in the frames of a part. Hardware encoders reserve space for captions in every frame; others, such as OBS, insert
    /// them only during speech.
    /// </summary>
    public static CaptionServices CaptionsIn(SegmenterOutput.Part part)
    {
        var (found, bytes) = (default(CaptionServices), part.Media.Bytes);
        for (var i = 1; i < bytes.Count && i <= MaxFrames; i++)
        {
            found |= CaptionServices.Find(part.Media.Track.Config, bytes[i].Span);
        }

        return found;
    }

    /// <summary>
    /// Uses the declared frame rate if it is within 5 % of the measured one, because millisecond rounding distorts measurements. Otherwise
    /// uses the measured one.
    /// </summary>
    private static double FrameRate(double declared, SegmenterOutput.Part part)
    {
        var media = part.Media;
        if (media.Samples.Count < 2 || media.Duration == 0)
        {
            return declared;
        }

        var measured = (double)media.Samples.Count * media.Track.Timescale / media.Duration;
        return declared > 0 && Math.Abs(measured - declared) < 0.05 * declared ? Math.Round(declared, 3) : Math.Round(measured, 3);
    }
}
