using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Publisher;

namespace Broadcast.Targets.Messages;

/// <summary>
/// Selects the samples of one target, one video rendition and the first AAC audio rendition, and gives them the timestamps of its
/// publication. A publication begins at a keyframe with timestamp 0; its timestamps never go back. Pure; not thread-safe.
/// </summary>
/// <param name="rendition">Name of the video rendition.</param>
internal sealed class LegInput(string rendition)
{
    private const string MainAudio = "audio";
    private readonly List<FlvTag> _tags = new(4);
    private Track? _video;
    private Track? _audio;
    private string? _audioRendition;
    private object? _set;
    private CodecConfig? _sentVideo;
    private CodecConfig? _sentAudio;
    private MediaTime? _base;
    private uint _lastVideo;
    private uint _lastAudio;

    /// <summary>Indicates whether the session has video; without it, a publication begins at any audio frame.</summary>
    public bool HasVideo { get; set; }

    /// <summary>Indicates whether the publication has begun.</summary>
    public bool HasBegun => _base is not null;

    /// <summary>Codec of the video that was seen last; <see langword="null"/> before the first frame.</summary>
    public CodecConfig? VideoConfig => _video?.Config;

    /// <summary>Begins a new publication with the next keyframe.</summary>
    public void Restart() => (_base, _sentVideo, _sentAudio, _lastVideo, _lastAudio) = (null, null, null, 0, 0);

    /// <summary>Takes a sample. Returns whether it belongs to the target.</summary>
    /// <param name="item">The sample.</param>
    /// <param name="set">Identity of the renditions of its publication, or slate: each may have other audio renditions.</param>
    public bool Takes(in RenditionSample item, object? set = null)
    {
        var track = item.Sample.Track;
        if (!ReferenceEquals(set, _set))
        {
            (_set, _audioRendition) = (set, null);
        }

        if (item.Rendition.Kind == TrackKind.Video)
        {
            if (item.Rendition.Name != rendition || !FlvMessages.IsSupported(track.Config))
            {
                return false;
            }

            _video = track;
            return true;
        }

        // The main audio rendition wins against further languages and against audio that not all players play.
        if (track.Config is not CodecConfig.Aac || (item.Rendition.Name != MainAudio
            && (_audioRendition ?? item.Rendition.Name) != item.Rendition.Name))
        {
            return false;
        }

        (_audioRendition, _audio) = (item.Rendition.Name, track);
        return true;
    }

    /// <summary>
    /// Converts a sample that <see cref="Takes"/> accepted: the messages to send, those with a new configuration first. Empty before the
    /// publication has begun.
    /// </summary>
    /// <param name="sample">The sample.</param>
    /// <param name="frame">Its message, without timestamp.</param>
    /// <returns>Messages; valid until the next call.</returns>
    public IReadOnlyList<FlvTag> Convert(in MediaSample sample, in FlvTag frame)
    {
        _tags.Clear();
        var isVideo = sample.Track.Kind == TrackKind.Video;
        if (_base is not { } start)
        {
            if (isVideo ? !sample.IsSync : HasVideo)
            {
                return _tags;
            }

            _base = start = sample.Decode;
            _tags.Add(FlvMessages.Metadata(isVideo ? sample.Track : null, _audio));
        }

        if (sample.Decode < start)
        {
            return _tags;   // audio from before the first keyframe
        }

        if (isVideo && !sample.IsSync && !sample.Track.Config.Equals(_sentVideo))
        {
            return _tags;   // video with a new configuration begins at a keyframe
        }

        ref var last = ref isVideo ? ref _lastVideo : ref _lastAudio;
        ref var sent = ref isVideo ? ref _sentVideo : ref _sentAudio;
        var milliseconds = unchecked((uint)(sample.Decode.Rescale(1000).Ticks - start.Rescale(1000).Ticks));
        last = unchecked((int)(milliseconds - last)) > 0 ? milliseconds : last;
        if (!sample.Track.Config.Equals(sent))
        {
            if (isVideo && sent is not null)
            {
                _tags.Add(FlvMessages.Metadata(sample.Track, _audio) with { Timestamp = last });
            }

            sent = sample.Track.Config;
            _tags.Add(FlvMessages.Configuration(sent) with { Timestamp = last });
        }

        _tags.Add(frame with { Timestamp = last });
        return _tags;
    }
}
