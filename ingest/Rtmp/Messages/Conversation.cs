using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Media;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>What a command leads to.</summary>
internal enum ConversationStep
{
    /// <summary>Go on reading.</summary>
    Continue,

    /// <summary>Leave to publish is asked for: <see cref="Conversation.StreamKey"/>.</summary>
    PublishAsked,

    /// <summary>The encoder says that it has finished.</summary>
    Finished,
}

/// <summary>
/// The commands of one connection in the order encoders send them: <c>connect</c>, <c>releaseStream</c>, <c>FCPublish</c>, <c>createStream</c>,
/// <c>publish</c>, later <c>FCUnpublish</c>, <c>deleteStream</c> (Adobe RTMP 1.0, 7.2, and the habits of Flash Media Live Encoder that all of them took over).
/// </summary>
internal sealed class Conversation(ReplyWriter replies, string application)
{
    private const int MaxStreams = 8;
    private const int MaxKeyLength = 128;
    private const uint Window = 2_500_000;
    private const int ReplyChunkSize = 4096;

    private bool _connected;
    private bool _sharedObjectRefused;
    private uint _toldWindow = Window;
    private string _keyInApplication = "";
    private uint _streams;

    /// <summary>What was presented, or <see langword="null"/> when it cannot be a key.</summary>
    public string? StreamKey { get; private set; }

    /// <summary>The message stream that is published on; 0 before <c>publish</c>.</summary>
    public uint PublishStream { get; private set; }

    /// <summary>What the encoder calls itself; empty when it did not say.</summary>
    public string Encoder { get; private set; } = "";

    /// <summary>What the encoder can beyond RTMP 1.0.</summary>
    public Capabilities Client { get; private set; } = Capabilities.None;

    /// <summary>Asks the encoder to connect anew, if it has said that it would.</summary>
    /// <param name="url">Where to, or <see langword="null"/> for where it is connected now.</param>
    /// <returns>Whether it was asked.</returns>
    public bool TryRequestReconnect(string? url)
    {
        if (!Client.CanReconnect)
        {
            return false;
        }

        replies.ReconnectRequest(url, "The server is stopping. Connect again.");
        return true;
    }

    /// <summary>Says once that a publisher has no use for shared objects here.</summary>
    public void RefuseSharedObject()
    {
        if (!_sharedObjectRefused)
        {
            _sharedObjectRefused = true;
            replies.Status(0, isError: true, "NetConnection.Call.Failed", "There are no shared objects here: this address takes streams in.");
        }
    }

    /// <summary>Tells the peer how often to acknowledge, when it has set a bandwidth other than what it was told (5.4.5).</summary>
    /// <param name="bytes">What it set.</param>
    public void AnswerPeerBandwidth(uint bytes)
    {
        if (_connected && bytes > 0 && bytes != _toldWindow)
        {
            _toldWindow = bytes;
            replies.WindowAcknowledgementSize(bytes);
        }
    }

    /// <summary>What it said of where it publishes.</summary>
    public PublishTarget Target { get; private set; } = PublishTarget.Unknown;

    /// <summary>Answers a command, except <c>publish</c>, which <see cref="Accept"/> or <see cref="Refuse"/> answers.</summary>
    /// <exception cref="RtmpProtocolException">It may not come now.</exception>
    public ConversationStep Handle(RtmpCommand command)
    {
        if (command.Name == "connect")
        {
            return Connect(command);
        }

        if (!_connected)
        {
            throw RtmpProtocolException.Command($"'{CleanText.Of(command.Name)}' before connect.");
        }

        switch (command.Name)
        {
            case "publish":
                return Publish(command);
            case "createStream":
                CreateStream(command);
                return ConversationStep.Continue;
            case "releaseStream" or "_checkbw":
                Answer(command, null);
                return ConversationStep.Continue;
            case "getStreamLength":
                Answer(command, 0);
                return ConversationStep.Continue;
            case "FCPublish":
                Answer(command, null);
                replies.Call("onFCPublish", "NetStream.Publish.Start", "Ready to publish.");
                return ConversationStep.Continue;
            case "FCUnpublish":
                Answer(command, null);
                replies.Call("onFCUnpublish", "NetStream.Unpublish.Success", "Unpublished.");
                return PublishStream == 0 ? ConversationStep.Continue : Finish();
            case "deleteStream":
                return PublishStream == 0 || !Concerns(command) ? ConversationStep.Continue : Finish();
            case "closeStream":
                return PublishStream == 0 || !Concerns(command) ? ConversationStep.Continue : CloseStream();
            case "play" or "play2" or "pause" or "pauseRaw" or "seek":
                throw RtmpProtocolException.Play();
            case "_result" or "_error" or "onStatus":
                return ConversationStep.Continue;
            default:
                if (command.Transaction != 0)
                {
                    replies.Error(command.Transaction, "NetConnection.Call.Failed", "No such method.");
                }

                return ConversationStep.Continue;
        }
    }

    /// <summary>Tells the encoder to send.</summary>
    public void Accept()
    {
        replies.UserControl(UserControlEvent.StreamBegin, PublishStream);
        replies.Status(PublishStream, isError: false, "NetStream.Publish.Start", "Publishing.");
    }

    /// <summary>Tells the person at the encoder why not, or why no longer.</summary>
    public void Refuse(string code, string description) => replies.Status(PublishStream, isError: true, code, description);

    private ConversationStep Connect(RtmpCommand command)
    {
        if (_connected)
        {
            throw RtmpProtocolException.Command("connect came twice.");
        }

        var options = command.Arguments.Count > 0 ? command.Arguments[0] : AmfValue.Nothing.Instance;
        var path = WithoutQuery(options.TextOf("app")).Trim('/');
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? path : path[..slash];
        if (first != application)
        {
            var refusal = RtmpProtocolException.UnknownApplication(application);
            replies.Error(command.Transaction, "NetConnection.Connect.InvalidApp", refusal.Message);
            throw refusal;
        }

        _keyInApplication = slash < 0 ? "" : path[(slash + 1)..].Trim('/');
        Encoder = CleanText.Of(options.TextOf("flashVer"));
        Client = Capabilities.Of(options);
        Target = new(first, Said(options.TextOf("tcUrl")), Said(options.TextOf("swfUrl")), Said(options.TextOf("pageUrl")), QueryOf(options.TextOf("app")), IsEncrypted: false);
        _connected = true;
        replies.WindowAcknowledgementSize(Window);
        replies.SetPeerBandwidth(Window);
        replies.SetChunkSize(ReplyChunkSize);
        replies.ConnectAccepted(command.Transaction, Client.IsEnhanced);
        return ConversationStep.Continue;
    }

    private void CreateStream(RtmpCommand command)
    {
        if (_streams == MaxStreams)
        {
            replies.Error(command.Transaction, "NetConnection.Call.Failed", "Too many streams.");
            return;
        }

        replies.Result(command.Transaction, ++_streams);
    }

    private ConversationStep Publish(RtmpCommand command)
    {
        if (PublishStream != 0)
        {
            replies.Status(command.Stream, isError: true, "NetStream.Publish.BadName", "Already publishing on this connection.");
            return ConversationStep.Continue;
        }

        // Some encoders publish on stream 1 without having made it, or on 0: the stream named is the one that counts from here on.
        if (command.Stream > MaxStreams)
        {
            throw RtmpProtocolException.Command($"publish on stream {command.Stream}, which was never made.");
        }

        PublishStream = Math.Max(command.Stream, 1);

        // Whether "live", "record" or "append" is asked for makes no difference: recording is the channel's affair.
        var name = WithoutQuery(command.TextAt(1)).Trim('/');
        var key = name.Length > 0 ? name : _keyInApplication;
        StreamKey = IsKey(key) ? key : null;
        Target = QueryOf(command.TextAt(1)) is { Length: > 0 } query ? Target with { Query = query } : Target;
        return ConversationStep.PublishAsked;
    }

    private ConversationStep Finish()
    {
        replies.Status(PublishStream, isError: false, "NetStream.Unpublish.Success", "Unpublished.");
        return ConversationStep.Finished;
    }

    /// <summary>A connection publishes once. Who closes its stream and keeps the connection is told so, before it asks to publish again.</summary>
    private ConversationStep CloseStream()
    {
        var step = Finish();
        replies.Status(0, isError: false, "NetConnection.Connect.Closed", "The stream has ended. Connect again to publish another one.");
        return step;
    }

    /// <summary>deleteStream names its stream as a number; closeStream comes on it.</summary>
    private bool Concerns(RtmpCommand command) =>
        command.Arguments.Count < 2 || command.Arguments[1] is not AmfValue.Number number || number.Value.Equals(PublishStream);

    private void Answer(RtmpCommand command, double? value)
    {
        if (command.Transaction != 0)
        {
            replies.Result(command.Transaction, value);
        }
    }

    private static string WithoutQuery(string? text)
    {
        var query = text?.IndexOf('?', StringComparison.Ordinal) ?? -1;
        return query < 0 ? text ?? "" : text![..query];
    }

    private static string QueryOf(string? text)
    {
        var query = text?.IndexOf('?', StringComparison.Ordinal) ?? -1;
        return query < 0 ? "" : Said(text![(query + 1)..]);
    }

    private static string Said(string? text) => text is { Length: <= PublishTarget.MaxText } && !text.Any(char.IsControl) ? text : "";

    private static bool IsKey(string key) =>
        key.Length is > 0 and <= MaxKeyLength && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
