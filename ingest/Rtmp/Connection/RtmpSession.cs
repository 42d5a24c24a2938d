using System.Buffers;
using System.Buffers.Binary;
using Broadcast.Ingest.Publishing;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Handshake;
using Broadcast.Ingest.Rtmp.Messages;

namespace Broadcast.Ingest.Rtmp.Connection;

/// <summary>What is to be done before more is read.</summary>
internal enum SessionStep
{
    /// <summary>Nothing: read on.</summary>
    ReadOn,

    /// <summary>The authority is to be asked about <see cref="Conversation.StreamKey"/>.</summary>
    AskAuthority,

    /// <summary>The encoder has finished.</summary>
    Finished,
}

/// <summary>How far a connection has got.</summary>
internal enum SessionPhase
{
    Handshake,
    Commands,
    Publishing,
}

/// <summary>All of RTMP that needs no waiting: bytes in, answers and media out. It does no I/O and knows no clock but the arrival times it is given.</summary>
internal sealed class RtmpSession
{
    private const int MaxNonsense = 1000;
    private static readonly TimeSpan LateDataPause = TimeSpan.FromSeconds(1);

    private const long DefaultWindow = 2_500_000;
    private const long SmallestAcknowledgement = 64 * 1024;

    private readonly IngestOptions _options;
    private readonly IBufferWriter<byte> _output;
    private readonly ServerHandshake _handshake = new();
    private readonly ChunkReader _chunks;
    private readonly FloodGuard _flood = new();
    private readonly TokenBucket _nonsenseBudget = new(capacity: MaxNonsense, perSecond: 10);
    private PublicationFeed? _feed;
    private long _window = DefaultWindow;
    private long _acknowledged;
    private long _beforePublish;
    private int _nonsense;
    private DateTimeOffset _arrival;
    private RtmpMessage? _lateData;
    private DateTimeOffset _lateSince;

    /// <param name="output">Where answers go.</param>
    /// <param name="options">Limits.</param>
    /// <param name="received">Bytes of this connection that were counted before.</param>
    public RtmpSession(IBufferWriter<byte> output, IngestOptions options, long received = 0)
    {
        (Received, _acknowledged) = (received, received);
        (_output, _options) = (output, options);
        _chunks = new ChunkReader(options.LimitsBeforePublish, options.MinimumChunkSize);
        Replies = new ReplyWriter(output);
        Conversation = new Conversation(Replies, options.Application);
    }

    /// <summary>What is said to the peer.</summary>
    public ReplyWriter Replies { get; }

    /// <summary>Its commands.</summary>
    public Conversation Conversation { get; }

    /// <summary>How far it has got.</summary>
    public SessionPhase Phase { get; private set; }

    /// <summary>Bytes read so far.</summary>
    public long Received { get; private set; }

    /// <summary>Whether the peer has answered every ping so far.</summary>
    public bool AnswersPings { get; private set; } = true;

    /// <summary>Messages that meant nothing.</summary>
    public int Nonsense => _nonsense;

    /// <summary>Reads what has arrived, as far as it goes or up to where something has to be done first.</summary>
    /// <param name="buffer">Left at what was not read.</param>
    /// <param name="arrival">Wall clock now.</param>
    /// <exception cref="RtmpProtocolException">The peer is to be sent away.</exception>
    public SessionStep Advance(ref ReadOnlySequence<byte> buffer, DateTimeOffset arrival)
    {
        var reader = new SequenceReader<byte>(buffer);
        _arrival = arrival;
        try
        {
            if (Phase == SessionPhase.Handshake)
            {
                var done = _handshake.TryComplete(ref reader, _output);
                Replies.HasWritten = true;
                if (!done)
                {
                    return SessionStep.ReadOn;
                }

                Phase = SessionPhase.Commands;
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

    /// <summary>Leave is given: media is taken from now on, with the limits that media needs.</summary>
    public void Publish(PublicationFeed feed)
    {
        _feed = feed;
        _chunks.Limits = _options.LimitsWhilePublishing;
        _chunks.Arena = new PayloadArena();
        Phase = SessionPhase.Publishing;
        Conversation.Accept();
    }

    /// <summary>Asks a silent peer whether it is there (7.1.7); the number is the arrival time of the last bytes, in milliseconds.</summary>
    public void Ping()
    {
        AnswersPings = false;
        Replies.UserControl(UserControlEvent.PingRequest, unchecked((uint)_arrival.ToUnixTimeMilliseconds()));
    }

    private SessionStep ReadMessages(ref SequenceReader<byte> reader, DateTimeOffset arrival)
    {
        while (true)
        {
            var before = reader.Consumed;
            var whole = _chunks.TryRead(ref reader, out var message);
            if (Phase != SessionPhase.Publishing)
            {
                _beforePublish += reader.Consumed - before;
                if (_beforePublish > _options.MaxBytesBeforePublish)
                {
                    throw RtmpProtocolException.TooMuchBeforePublish(_options.MaxBytesBeforePublish);
                }
            }

            if (!whole)
            {
                return SessionStep.ReadOn;
            }

            var step = Handle(message, arrival);
            if (step != SessionStep.ReadOn)
            {
                return step;
            }
        }
    }

    private SessionStep Handle(in RtmpMessage message, DateTimeOffset arrival)
    {
        if (message.Type is MessageType.Audio or MessageType.Video)
        {
            TakeMedia(message, arrival);
            return SessionStep.ReadOn;
        }

        if (message.Type is MessageType.Data or MessageType.DataAmf3)
        {
            Describe(message, arrival);
            return SessionStep.ReadOn;
        }

        _flood.Count(message.Type, arrival);
        switch (message.Type)
        {
            case MessageType.SetChunkSize or MessageType.Abort:
                break;
            case MessageType.Acknowledgement:
                Number(message);
                break;
            case MessageType.SetPeerBandwidth:
                Conversation.AnswerPeerBandwidth(Number(message));
                break;
            case MessageType.WindowAcknowledgementSize:
                var window = Number(message);
                _window = window == 0 ? _window : window;
                break;
            case MessageType.UserControl:
                TakeUserControl(message.Payload.Span);
                break;
            case MessageType.Command or MessageType.CommandAmf3:
                return Command(message, arrival);
            case MessageType.Aggregate:
                TakeAggregate(message, arrival);
                break;
            case MessageType.SharedObject or MessageType.SharedObjectAmf3:
                Conversation.RefuseSharedObject();
                Ignore("H38", arrival);
                break;
            default:
                Ignore("H34", arrival);
                break;
        }

        return SessionStep.ReadOn;
    }

    private void TakeMedia(in RtmpMessage message, DateTimeOffset arrival)
    {
        // An audio message without a body means silence (Enhanced RTMP v2, AudioPacketType); the times of the sound behind it say as much.
        if (_feed is not null && message is { Type: MessageType.Audio, Payload.IsEmpty: true } && message.Stream == Conversation.PublishStream)
        {
            return;
        }

        // Media on a stream that nobody publishes on, and pictures without a body, which some encoders send.
        if (_feed is null || message.Stream != Conversation.PublishStream || message.Payload.IsEmpty)
        {
            Ignore(message.Payload.IsEmpty ? "H20" : "H35", arrival);
            return;
        }

        _feed.Take(message, arrival);
        if (_lateData is { } late && arrival - _lateSince >= LateDataPause)
        {
            _lateData = null;
            ReadData(late, arrival);
        }
    }

    private void TakeAggregate(in RtmpMessage message, DateTimeOffset arrival)
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
                TakeMedia(part, arrival);
            }
            else if (part.Type is MessageType.Data or MessageType.DataAmf3)
            {
                Describe(part, arrival);
            }
            else
            {
                Ignore("H37", arrival);
            }
        }
    }

    /// <summary>In a flood of metadata only the last counts, and is read a little later.</summary>
    private void Describe(in RtmpMessage message, DateTimeOffset arrival)
    {
        if (_flood.MayDescribe(message.Payload.Length, arrival))
        {
            _lateData = null;
            ReadData(message, arrival);
            return;
        }

        IngestMetrics.Broke("H56");
        _lateSince = _lateData is null ? arrival : _lateSince;
        _lateData = message with { Payload = message.Payload.ToArray() };
    }

    private void ReadData(in RtmpMessage message, DateTimeOffset arrival)
    {
        // Cue points, captions and time codes come with many encoders all the time: they mean nothing here, but they are no nonsense.
        if (!StreamMetadata.TryRead(message, out var metadata) || _feed is null)
        {
            Ignore("", arrival);
        }
        else if (metadata is not null)
        {
            _feed.Describe(metadata);
        }
    }

    private SessionStep Command(in RtmpMessage message, DateTimeOffset arrival)
    {
        if (message.Payload.IsEmpty)
        {
            Ignore("H20", arrival);
            return SessionStep.ReadOn;
        }

        return Conversation.Handle(RtmpCommand.Read(message)) switch
        {
            ConversationStep.PublishAsked => SessionStep.AskAuthority,
            ConversationStep.Finished => SessionStep.Finished,
            _ => SessionStep.ReadOn,
        };
    }

    /// <summary>User Control (6.2, 7.1.7). Buffer lengths and ends of streams are for players; events we do not know are passed over.</summary>
    private void TakeUserControl(ReadOnlySpan<byte> body)
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

    private static uint Number(in RtmpMessage message) => message.Payload.Length >= 4
        ? BinaryPrimitives.ReadUInt32BigEndian(message.Payload.Span)
        : throw RtmpProtocolException.ShortControl(message.Type, message.Payload.Length);

    /// <summary>Passes over what means nothing here. Cameras send odd things now and then, for weeks: only too much at once is too much.</summary>
    private void Ignore(string rule, DateTimeOffset arrival)
    {
        IngestMetrics.Broke(rule);
        _nonsense++;
        if (!_nonsenseBudget.TryTake(arrival))
        {
            throw RtmpProtocolException.Nonsense(_nonsense);
        }
    }

    /// <summary>5.4.3: the peer is told once it has sent a window's bytes. Half of it, for peers that stop at the window; but not with every message for those that ask for a tiny one.</summary>
    private void AcknowledgeWhenDue()
    {
        if (Phase != SessionPhase.Handshake && Received - _acknowledged >= Math.Max(Math.Min(_window, DefaultWindow) / 2, SmallestAcknowledgement))
        {
            _acknowledged = Received;
            Replies.Acknowledge(Received);
        }
    }
}
