using System.Buffers;
using System.Buffers.Binary;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Handshake;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>Actions required before reading more.</summary>
internal enum RtmpAction
{
    /// <summary>None: read on.</summary>
    ReadOn,

    /// <summary>Authorize <see cref="RtmpCommandHandler.StreamKey"/>.</summary>
    Authorize,

    /// <summary>Let other connections proceed, then process the unread data.</summary>
    Yield,

    /// <summary>The encoder has finished.</summary>
    Finished,
}

/// <summary>Phases of a connection.</summary>
internal enum RtmpPhase
{
    Handshake,
    Commands,
    Publishing,
}

/// <summary>RTMP state machine: bytes in, replies and media out. It does no I/O and knows time only from arrival times.</summary>
internal sealed class RtmpStateMachine
{
    private const int MaxIgnored = 1000;
    private static readonly TimeSpan MetadataDelay = TimeSpan.FromSeconds(1);

    private const long DefaultWindow = 2_500_000;
    private const long MinAcknowledgementInterval = 64 * 1024;

    private readonly IngestOptions _options;
    private readonly IBufferWriter<byte> _output;
    private readonly ServerHandshake _handshake = new();
    private readonly ChunkReader _chunks;
    private readonly MessageRateLimiter _rateLimiter = new();
    private readonly TokenBucket _ignoredBudget = new(capacity: MaxIgnored, perSecond: 10);
    private IMediaReceiver? _receiver;
    private long _window = DefaultWindow;
    private long _acknowledged;
    private long _beforePublish;
    private int _ignoredMessages;
    private DateTimeOffset _arrival;
    private RtmpMessage? _deferredMetadata;
    private DateTimeOffset _deferredSince;

    /// <param name="output">Receives the replies.</param>
    /// <param name="options">Limits.</param>
    /// <param name="received">Bytes of this connection that were counted before.</param>
    public RtmpStateMachine(IBufferWriter<byte> output, IngestOptions options, long received = 0)
    {
        (Received, _acknowledged) = (received, received);
        (_output, _options) = (output, options);
        _chunks = new ChunkReader(options.LimitsBeforePublish, options.MinimumChunkSize);
        Replies = new ReplyWriter(output);
        Commands = new RtmpCommandHandler(Replies, options.Application);
    }

    /// <summary>Returns whether other connections must proceed; called after each message. By default, none waits.</summary>
    public Func<bool> MustYield { get; init; } = static () => false;

    /// <summary>Writer of messages to the peer.</summary>
    public ReplyWriter Replies { get; }

    /// <summary>Handler of the commands.</summary>
    public RtmpCommandHandler Commands { get; }

    /// <summary>Phase of the connection.</summary>
    public RtmpPhase Phase { get; private set; }

    /// <summary>Number of bytes read so far.</summary>
    public long Received { get; private set; }

    /// <summary>Indicates whether the peer has answered every ping so far.</summary>
    public bool AnswersPings { get; private set; } = true;

    /// <summary>Number of ignored messages.</summary>
    public int IgnoredMessages => _ignoredMessages;

    /// <summary>Processes received data, up to its end or to a required action.</summary>
    /// <param name="buffer">On return, the unread data.</param>
    /// <param name="arrival">Current wall-clock time.</param>
    /// <exception cref="RtmpProtocolException">The peer must be disconnected.</exception>
    public RtmpAction Advance(ref ReadOnlySequence<byte> buffer, DateTimeOffset arrival)
    {
        var reader = new SequenceReader<byte>(buffer);
        _arrival = arrival;
        try
        {
            if (Phase == RtmpPhase.Handshake)
            {
                var done = _handshake.TryComplete(ref reader, _output);
                Replies.HasWritten = true;
                if (!done)
                {
                    return RtmpAction.ReadOn;
                }

                Phase = RtmpPhase.Commands;
            }

            return ReadMessages(ref reader, arrival);
        }
        finally
        {
            Received += reader.Consumed;
            buffer = buffer.Slice(reader.Position);
            AcknowledgeWhenDue();
        }
    }

    /// <summary>Publishing is permitted: accepts media from now on, with the limits for media.</summary>
    public void StartPublishing(IMediaReceiver receiver)
    {
        _receiver = receiver;
        _chunks.Limits = _options.LimitsWhilePublishing;
        _chunks.Arena = new PayloadArena();
        Phase = RtmpPhase.Publishing;
        Commands.Accept();
    }

    /// <summary>Pings a silent peer (7.1.7). The value is the arrival time of the last bytes, in milliseconds.</summary>
    public void Ping()
    {
        AnswersPings = false;
        Replies.UserControl(UserControlEvent.PingRequest, unchecked((uint)_arrival.ToUnixTimeMilliseconds()));
    }

    private RtmpAction ReadMessages(ref SequenceReader<byte> reader, DateTimeOffset arrival)
    {
        while (true)
        {
            var before = reader.Consumed;
            var hasMessage = _chunks.TryRead(ref reader, out var message);
            if (Phase != RtmpPhase.Publishing)
            {
                _beforePublish += reader.Consumed - before;
                if (_beforePublish > _options.MaxBytesBeforePublish)
                {
                    throw RtmpProtocolException.TooMuchBeforePublish(_options.MaxBytesBeforePublish);
                }
            }

            if (!hasMessage)
            {
                return RtmpAction.ReadOn;
            }

            var action = Handle(message, arrival);
            if (action != RtmpAction.ReadOn)
            {
                return action;
            }

            if (!reader.End && MustYield())
            {
                return RtmpAction.Yield;
            }
        }
    }

    private RtmpAction Handle(in RtmpMessage message, DateTimeOffset arrival)
    {
        if (message.Type is MessageType.Audio or MessageType.Video)
        {
            ProcessMedia(message, arrival);
            return RtmpAction.ReadOn;
        }

        if (message.Type is MessageType.Data or MessageType.DataAmf3)
        {
            ProcessMetadata(message, arrival);
            return RtmpAction.ReadOn;
        }

        _rateLimiter.Count(message.Type, arrival);
        switch (message.Type)
        {
            case MessageType.SetChunkSize or MessageType.Abort:
                break;
            case MessageType.Acknowledgement:
                ReadNumber(message);
                break;
            case MessageType.SetPeerBandwidth:
                Commands.ReplyToPeerBandwidth(ReadNumber(message));
                break;
            case MessageType.WindowAcknowledgementSize:
                var window = ReadNumber(message);
                _window = window == 0 ? _window : window;
                break;
            case MessageType.UserControl:
                ProcessUserControl(message.Payload.Span);
                break;
            case MessageType.Command or MessageType.CommandAmf3:
                return HandleCommand(message, arrival);
            case MessageType.Aggregate:
                ProcessAggregate(message, arrival);
                break;
            case MessageType.SharedObject or MessageType.SharedObjectAmf3:
                Commands.RejectSharedObject();
                Ignore("H38", arrival);
                break;
            default:
                Ignore("H34", arrival);
                break;
        }

        return RtmpAction.ReadOn;
    }

    private void ProcessMedia(in RtmpMessage message, DateTimeOffset arrival)
    {
        _rateLimiter.CountMedia(arrival);

        // An audio message without a body means silence (Enhanced RTMP v2, AudioPacketType). The times of later audio imply the same.
        if (_receiver is not null && message is { Type: MessageType.Audio, Payload.IsEmpty: true }
            && message.Stream == Commands.PublishStream)
        {
            return;
        }

        // Media on a stream without a publication, and empty video messages, which some encoders send.
        if (_receiver is null || message.Stream != Commands.PublishStream || message.Payload.IsEmpty)
        {
            Ignore(message.Payload.IsEmpty ? "H20" : "H35", arrival);
            return;
        }

        _receiver.Process(message, arrival);
        if (_deferredMetadata is { } deferred && arrival - _deferredSince >= MetadataDelay)
        {
            _deferredMetadata = null;
            ReadMetadata(deferred, arrival);
        }
    }

    private void ProcessAggregate(in RtmpMessage message, DateTimeOffset arrival)
    {
        if (AggregateMessage.Split(message) is not { } parts)
        {
            Ignore("H37", arrival);
            return;
        }

        foreach (var part in parts)
        {
            if (part.Type is MessageType.Audio or MessageType.Video)
            {
                ProcessMedia(part, arrival);
            }
            else if (part.Type is MessageType.Data or MessageType.DataAmf3)
            {
                ProcessMetadata(part, arrival);
            }
            else
            {
                Ignore("H37", arrival);
            }
        }
    }

    /// <summary>During a metadata flood only the last message counts. It is processed later.</summary>
    private void ProcessMetadata(in RtmpMessage message, DateTimeOffset arrival)
    {
        if (_rateLimiter.TryTakeMetadata(message.Payload.Length, arrival))
        {
            _deferredMetadata = null;
            ReadMetadata(message, arrival);
            return;
        }

        IngestMetrics.RuleViolated("H56");
        _deferredSince = _deferredMetadata is null ? arrival : _deferredSince;
        _deferredMetadata = message with { Payload = message.Payload.ToArray() };
    }

    private void ReadMetadata(in RtmpMessage message, DateTimeOffset arrival)
    {
        // Many encoders send cue points, captions and time codes continuously. They are unused here but do not count as ignored messages.
        if (!StreamMetadata.TryRead(message, out var metadata) || _receiver is null)
        {
            Ignore("", arrival);
        }
        else if (metadata is not null)
        {
            _receiver.ApplyMetadata(message, metadata, arrival);
        }
    }

    private RtmpAction HandleCommand(in RtmpMessage message, DateTimeOffset arrival)
    {
        if (message.Payload.IsEmpty)
        {
            Ignore("H20", arrival);
            return RtmpAction.ReadOn;
        }

        return Commands.Handle(RtmpCommand.Read(message)) switch
        {
            RtmpCommandResult.PublishRequested => RtmpAction.Authorize,
            RtmpCommandResult.Finished => RtmpAction.Finished,
            _ => RtmpAction.ReadOn,
        };
    }

    /// <summary>User Control (6.2, 7.1.7). Buffer lengths and stream ends are for players; unknown events are ignored.</summary>
    private void ProcessUserControl(ReadOnlySpan<byte> body)
    {
        if (body.Length < 2)
        {
            throw RtmpProtocolException.ShortControl(MessageType.UserControl, body.Length);
        }

        var kind = (UserControlEvent)BinaryPrimitives.ReadUInt16BigEndian(body);
        if (kind == UserControlEvent.PingResponse)
        {
            AnswersPings = true;
        }
        else if (kind == UserControlEvent.PingRequest)
        {
            if (body.Length < 6)
            {
                throw RtmpProtocolException.ShortControl(MessageType.UserControl, body.Length);
            }

            Replies.UserControl(UserControlEvent.PingResponse, BinaryPrimitives.ReadUInt32BigEndian(body[2..]));
        }
    }

    private static uint ReadNumber(in RtmpMessage message) => message.Payload.Length >= 4
        ? BinaryPrimitives.ReadUInt32BigEndian(message.Payload.Span)
        : throw RtmpProtocolException.ShortControl(message.Type, message.Payload.Length);

    /// <summary>
    /// Counts an ignored message. Cameras send unknown messages occasionally, for weeks, so only a high rate is an error.
    /// </summary>
    private void Ignore(string rule, DateTimeOffset arrival)
    {
        IngestMetrics.RuleViolated(rule);
        _ignoredMessages++;
        if (!_ignoredBudget.TryTake(arrival))
        {
            throw RtmpProtocolException.TooManyIgnoredMessages(_ignoredMessages);
        }
    }

    /// <summary>
    /// 5.4.3: acknowledges a window of bytes. Acknowledges at half of it, for peers that stop at the window, but at least 64 KiB apart for
    /// peers with a tiny window.
    /// </summary>
    private void AcknowledgeWhenDue()
    {
        if (Phase != RtmpPhase.Handshake
            && Received - _acknowledged >= Math.Max(Math.Min(_window, DefaultWindow) / 2, MinAcknowledgementInterval))
        {
            _acknowledged = Received;
            Replies.Acknowledge(Received);
        }
    }
}
