using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>
/// How many messages of each kind a peer may send. Encoders set their chunk size once or twice, call a handful of commands and acknowledge what we say; what comes faster than any of
/// them sends is an attempt to keep us busy. Each kind has a budget of its own, so that none can hide behind another.
/// </summary>
internal sealed class FloodGuard
{
    /// <summary>Metadata and cues left out before the peer is sent away: at the 10,000 a second that a script can send, two seconds.</summary>
    public const int MostLeftOut = 20_000;

    private TokenBucket? _chunkSize;
    private TokenBucket? _abort;
    private TokenBucket? _flow;
    private TokenBucket? _user;
    private TokenBucket? _command;
    private TokenBucket? _data;
    private TokenBucket? _dataBytes;
    private TokenBucket? _other;
    private int _leftOut;

    /// <summary>Counts a message that is neither audio nor video nor data.</summary>
    /// <exception cref="RtmpProtocolException">There are too many of its kind.</exception>
    public void Count(byte type, DateTimeOffset now)
    {
        var (bucket, what) = type switch
        {
            MessageType.SetChunkSize => (_chunkSize ??= new(20, 1), "Set Chunk Size"),
            MessageType.Abort => (_abort ??= new(50, 5), "Abort"),
            MessageType.Acknowledgement or MessageType.WindowAcknowledgementSize or MessageType.SetPeerBandwidth => (_flow ??= new(200, 50), "acknowledgements"),
            MessageType.UserControl => (_user ??= new(200, 50), "user control messages"),
            MessageType.Command or MessageType.CommandAmf3 => (_command ??= new(200, 20), "commands"),
            _ => (_other ??= new(500, 100), "messages of other kinds"),
        };
        if (!bucket.TryTake(now))
        {
            throw RtmpProtocolException.Flood(what);
        }
    }

    /// <summary>Counts metadata or a cue.</summary>
    /// <param name="bytes">Its length.</param>
    /// <param name="now">Wall clock now.</param>
    /// <returns>Whether it is to be read; when not, it is left out.</returns>
    /// <exception cref="RtmpProtocolException">So many have been left out that this is no encoder.</exception>
    public bool MayDescribe(int bytes, DateTimeOffset now)
    {
        // Captions and cues come once a frame at most; 64 KiB/s is a hundred times what metadata and captions take.
        _data ??= new(500, 120);
        _dataBytes ??= new(512 * 1024, 64 * 1024);
        if (_data.TryTake(now) && _dataBytes.TryTake(now, bytes))
        {
            return true;
        }

        if (++_leftOut > MostLeftOut)
        {
            throw RtmpProtocolException.Flood("metadata");
        }

        return false;
    }
}
