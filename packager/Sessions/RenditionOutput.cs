using System.Globalization;
using Broadcast.Media;
using Broadcast.Media.Bmff;

namespace Broadcast.Packager;

/// <summary>
/// Writes one rendition's init segments and parts into the spool. What it returns as an event is in the file already. A disk that refuses costs the rest of the
/// segment: a later part could not be decoded without the lost one anyway. Owned by one session; not thread-safe.
/// </summary>
/// <param name="spool">Where files are written.</param>
/// <param name="folder">The session's folder, ending in <c>/</c>.</param>
/// <param name="rendition">The rendition.</param>
/// <param name="last">The newest init segment as announced, or <see langword="null"/>.</param>
/// <param name="lastInit">Its number, or a higher one that may have been used; 0 when there is none.</param>
/// <param name="lastInitBytes">Its bytes, where an earlier process wrote it and they could be read.</param>
internal sealed class RenditionOutput(ISpool spool, string folder, string rendition, TimelineInit? last, int lastInit, byte[]? lastInitBytes)
{
    private readonly FragmentWriter _fragments = new();
    private CaptionServices _captions = CaptionServices.Parse(last?.Format.Captions);
    private TimelineEvent.InitReady? _told = last is null ? null : new(rendition, last.Number, last.Format, last.Object, last.Length);
    private Track? _track;
    private ISpoolFile? _file;
    private ISpoolFile? _initFile;
    private long _announced;
    private long _segment;
    private int _parts;
    private long _broken;

    /// <summary>Number of the newest init segment; 0 when there is none.</summary>
    public int Init { get; private set; } = lastInit;

    /// <summary>Name of a segment's object.</summary>
    public static ObjectName SegmentName(string folder, string rendition, long segment) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}{rendition}/{segment}.m4s"));

    /// <summary>Name of an init segment's object.</summary>
    public static ObjectName InitName(string folder, string rendition, int init) =>
        ObjectName.Parse(string.Create(CultureInfo.InvariantCulture, $"{folder}{rendition}/init-{init}.mp4"));

    /// <summary>Whether a part of this segment was lost, so that the rest of it is, too.</summary>
    public bool IsBroken(long segment) => _broken == segment;

    /// <summary>Writes a new init segment where the part's configuration needs one.</summary>
    /// <returns>The event, or <see langword="null"/> when the newest one fits.</returns>
    /// <exception cref="IOException">The disk refused.</exception>
    public TimelineEvent.InitReady? WriteInit(Cut.Part part, ICollection<ISpoolFile> whole)
    {
        var track = part.Media.Track;
        if (_track is not null && _track.IsConfiguredAs(track))
        {
            return null;
        }

        var bytes = InitSegmentWriter.Write(track);
        if (_track is null && lastInitBytes is not null && bytes.AsSpan().SequenceEqual(lastInitBytes))
        {
            // The encoder is configured as it was before this process began: players need not be told anything.
            _track = track;
            return null;
        }

        var number = Init + 1;
        _initFile ??= OpenEmpty(InitName(folder, rendition, number));
        _initFile.Append([bytes]);
        whole.Add(_initFile);
        _captions |= Formats.CaptionsIn(part);
        var ready = new TimelineEvent.InitReady(rendition, number, Formats.Of(track, part) with { Captions = _captions.Any ? _captions.ToString() : null }, _initFile.Name, bytes.Length);
        (_initFile, Init, _track, _told) = (null, number, track, ready);
        return ready;
    }

    /// <summary>
    /// Looks into the pictures of a part for captions. Once seen, they are told of whatever follows in the rendition: an encoder that is silent for a while has them still, and the slate stands in for one that has.
    /// </summary>
    /// <returns>The newest init segment, told once more, or <see langword="null"/> when there are none that were not told before.</returns>
    public TimelineEvent.InitReady? FindCaptions(Cut.Part part)
    {
        if (_told is null || part.Media.Track.Kind != TrackKind.Video)
        {
            return null;
        }

        var found = Formats.CaptionsIn(part);
        if (!found.HasMoreThan(_captions))
        {
            return null;
        }

        _captions |= found;
        return _told = _told with { Format = _told.Format with { Captions = _captions.ToString() } };
    }

    /// <summary>Writes a part behind those that its segment has.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public TimelineEvent.PartReady Write(Cut.Part part)
    {
        if (_file is null || _segment != part.Segment)
        {
            var name = SegmentName(folder, rendition, part.Segment);
            if (_file?.Name != name)
            {
                _file = OpenEmpty(name);
            }

            (_segment, _parts, _announced) = (part.Segment, 0, 0);
        }

        var media = part.Media;
        var header = _fragments.Write(
            new FragmentHeader((uint)((part.Segment << 10) + _parts), media.Decode, _parts == 0 ? SegmentTypeBox.Segment : SegmentTypeBox.None),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(media.Samples));
        media.Bytes[0] = header;
        _file.Append(media.Bytes);
        var length = (int)(header.Length + media.PayloadLength);
        var key = _parts == 0 && part.Independent && media.Track.Kind == TrackKind.Video ? (int)header.Length + media.Bytes[1].Length : 0;
        var ready = new TimelineEvent.PartReady(
            rendition, part.Segment, _parts++, Init, part.Start, part.Duration, part.Independent, part.WallClock, _file.Name, _announced, length, key);
        _announced += length;
        return ready;
    }

    /// <summary>Gives the rest of a segment up.</summary>
    public void Break(long segment) => _broken = segment;

    /// <summary>The segment is complete.</summary>
    /// <param name="segment">Its number.</param>
    /// <param name="whole">Takes its file, which can go to the store once its end is announced.</param>
    /// <returns>Whether it has any part. If not, and a gap is announced for it, its file is not needed: <see cref="Drop"/>.</returns>
    public bool Close(long segment, ICollection<ISpoolFile> whole)
    {
        if (_file is null || _segment != segment || _parts == 0)
        {
            return false;
        }

        whole.Add(_file);
        _file = null;
        return true;
    }

    /// <summary>A file that was begun for a segment of which nothing was written, and that will not be needed.</summary>
    public ObjectName? Drop()
    {
        var name = _file?.Name;
        _file = null;
        return name;
    }

    private ISpoolFile OpenEmpty(ObjectName name)
    {
        var file = spool.Open(name);
        if (file.Length > 0)
        {
            // Of an earlier process, and never announced.
            file.Truncate(0);
        }

        return file;
    }
}

/// <summary>Descriptions for manifests, from what really flows.</summary>
internal static class Formats
{
    /// <summary>Pictures of a part that are looked into for captions: two seconds of every rate that is taken.</summary>
    private const int MostPictures = 240;

    /// <summary>Describes a rendition by its track and its first part.</summary>
    public static RenditionFormat Of(Track track, Cut.Part part) => track.Config switch
    {
        { Picture: { } picture } config => new RenditionFormat(
            TrackKind.Video, config.CodecString, track.Timescale, picture.DisplayWidth, picture.Height,
            FrameRate(picture.FramesPerSecond, part), 0, 0, track.Language, track.Name, track.Color),
        { Sound: { } sound } config => new RenditionFormat(
            TrackKind.Audio, config.CodecString, track.Timescale, 0, 0, 0, sound.SampleRate, sound.Channels, track.Language, track.Name),
        _ => throw new ArgumentException("A configuration without the size of its pictures cannot be described.", nameof(track)),
    };

    /// <summary>Captions in the pictures of a part. Hardware leaves an empty place for them in every picture; others, such as OBS, have them only where somebody speaks.</summary>
    public static CaptionServices CaptionsIn(Cut.Part part)
    {
        var (found, bytes) = (default(CaptionServices), part.Media.Bytes);
        for (var i = 1; i < bytes.Count && i <= MostPictures; i++)
        {
            found |= CaptionServices.In(part.Media.Track.Config, bytes[i].Span);
        }

        return found;
    }

    /// <summary>What the encoder claims when it is about what flows (times rounded to milliseconds blur it), else what flows.</summary>
    private static double FrameRate(double claimed, Cut.Part part)
    {
        var media = part.Media;
        if (media.Samples.Count < 2 || media.Duration == 0)
        {
            return claimed;
        }

        var measured = (double)media.Samples.Count * media.Track.Timescale / media.Duration;
        return claimed > 0 && Math.Abs(measured - claimed) < 0.05 * claimed ? Math.Round(claimed, 3) : Math.Round(measured, 3);
    }
}
