using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// Rate limits per message type. Encoders set their chunk size once or twice, call a handful of commands and acknowledge data. A peer that
/// sends more than any encoder tries to overload the server. Each type has its own budget, so one type cannot exhaust another's.
/// </summary>
internal sealed class MessageRateLimiter
{
    /// <summary>Number of discarded metadata and cue messages before the peer is disconnected: 2 s at 10,000 messages per second.</summary>
    public const int MaxDiscarded = 20_000;

    /// <summary>
    /// Number of audio and video messages per second. Eight video tracks of 120 fps and eight audio tracks of 96 kHz have 1,710.
    /// </summary>
    private const int MediaPerSecond = 2000;

    private TokenBucket? _chunkSize;
    private TokenBucket? _abort;
    private TokenBucket? _flow;
    private TokenBucket? _user;
    private TokenBucket? _command;
    private TokenBucket? _data;
    private TokenBucket? _dataBytes;
    private TokenBucket? _other;
    private TokenBucket? _media;
    private int _discarded;

    /// <summary>Counts a message that is neither audio nor video nor data.</summary>
    /// <exception cref="RtmpProtocolException">The budget of the type is exhausted.</exception>
    public void Count(MessageType type, DateTimeOffset now)
    {
        var (bucket, what) = type switch
        {
            MessageType.SetChunkSize => (_chunkSize ??= new(20, 1), "Set Chunk Size"),
            MessageType.Abort => (_abort ??= new(50, 5), "Abort"),
            MessageType.Acknowledgement or MessageType.WindowAcknowledgementSize or MessageType.SetPeerBandwidth =>
                (_flow ??= new(200, 50), "acknowledgements"),
            MessageType.UserControl => (_user ??= new(200, 50), "user control messages"),
            MessageType.Command or MessageType.CommandAmf3 => (_command ??= new(200, 20), "commands"),
            _ => (_other ??= new(500, 100), "messages of other kinds"),
        };
        if (!bucket.TryTake(now))
        {
            throw RtmpProtocolException.Flood(what);
        }
    }

    /// <summary>Counts an audio or video message. Those of a minute may arrive at once, as after a network outage.</summary>
    /// <exception cref="RtmpProtocolException">The budget is exhausted.</exception>
    public void CountMedia(DateTimeOffset now)
    {
        _media ??= new(60 * MediaPerSecond, MediaPerSecond);
        if (!_media.TryTake(now))
        {
            throw RtmpProtocolException.MediaFlood();
        }
    }

    /// <summary>Counts metadata or a cue.</summary>
    /// <param name="bytes">Length of the message.</param>
    /// <param name="now">Current wall-clock time.</param>
    /// <returns>Whether to process the message; otherwise it is discarded.</returns>
    /// <exception cref="RtmpProtocolException">More messages were discarded than an encoder would send.</exception>
    public bool TryTakeMetadata(int bytes, DateTimeOffset now)
    {
        // Captions and cues arrive at most once per frame. 64 KiB/s is a hundred times the rate of metadata and captions.
        _data ??= new(500, 120);
        _dataBytes ??= new(512 * 1024, 64 * 1024);
        if (_data.TryTake(now) && _dataBytes.TryTake(now, bytes))
        {
            return true;
        }

        if (++_discarded > MaxDiscarded)
        {
            throw RtmpProtocolException.Flood("metadata");
        }

        return false;
    }
}
