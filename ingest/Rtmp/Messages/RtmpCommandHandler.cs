using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Media.IngestToControl;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Results of handling a command.</summary>
internal enum RtmpCommandResult
{
    /// <summary>Continue reading.</summary>
    Continue,

    /// <summary>Request permission to publish with <see cref="RtmpCommandHandler.StreamKey"/>.</summary>
    PublishRequested,

    /// <summary>The encoder has finished.</summary>
    Finished,
}

/// <summary>
/// Handles the commands of one connection in the order in which encoders send them: <c>connect</c>, <c>releaseStream</c>, <c>FCPublish</c>,
/// <c>createStream</c>, <c>publish</c>, later <c>FCUnpublish</c>, <c>deleteStream</c> (Adobe RTMP 1.0, 7.2, and Flash Media Live Encoder,
/// whose behavior other encoders adopted).
/// </summary>
internal sealed class RtmpCommandHandler(ReplyWriter replies, string application)
{
    private const int MaxStreams = 8;
    private const int MaxKeyLength = 128;
    private const uint Window = 2_500_000;
    private const int ReplyChunkSize = 4096;

    private bool _connected;
    private bool _sharedObjectRejected;
    private uint _announcedWindow = Window;
    private string _keyInApplication = "";
    private uint _streams;

    /// <summary>Stream key from the encoder, or <see langword="null"/> when it is not a valid key.</summary>
    public string? StreamKey { get; private set; }

    /// <summary>Message stream of the publication; 0 before <c>publish</c>.</summary>
    public uint PublishStream { get; private set; }

    /// <summary>Encoder name; empty when not declared.</summary>
    public string Encoder { get; private set; } = "";

    /// <summary>Encoder capabilities beyond RTMP 1.0.</summary>
    public Capabilities Client { get; private set; } = Capabilities.None;

    /// <summary>Asks the encoder to reconnect if it supports that.</summary>
    /// <param name="url">New URL, or <see langword="null"/> for the current one.</param>
    /// <returns>Whether the encoder was asked.</returns>
    public bool TryRequestReconnect(string? url)
    {
        if (!Client.CanReconnect)
        {
            return false;
        }

        replies.ReconnectRequest(url, "The server is stopping. Connect again.");
        return true;
    }

    /// <summary>Reports once that shared objects are not supported.</summary>
    public void RejectSharedObject()
    {
        if (!_sharedObjectRejected)
        {
            _sharedObjectRejected = true;
            replies.Status(0, isError: true, "NetConnection.Call.Failed", "Shared objects are not supported.");
        }
    }

    /// <summary>Announces the acknowledgement window when the peer set a bandwidth other than the announced window (5.4.5).</summary>
    /// <param name="bytes">The peer's bandwidth.</param>
    public void ReplyToPeerBandwidth(uint bytes)
    {
        if (_connected && bytes > 0 && bytes != _announcedWindow)
        {
            _announcedWindow = bytes;
            replies.WindowAcknowledgementSize(bytes);
        }
    }

    /// <summary>Connection details that the encoder declared.</summary>
    public PublishConnectInfo Target { get; private set; } = PublishConnectInfo.Unknown;

    /// <summary>Replies to a command, except <c>publish</c>: <see cref="Accept"/> or <see cref="Reject"/> reply to that.</summary>
    /// <exception cref="RtmpProtocolException">The command is not allowed in this state.</exception>
    public RtmpCommandResult Handle(RtmpCommand command)
    {
        if (command.Name == "connect")
        {
            return Connect(command);
        }

        if (!_connected)
        {
            throw RtmpProtocolException.InvalidCommand($"'{TextSanitizer.Sanitize(command.Name)}' before connect.");
        }

        switch (command.Name)
        {
            case "publish":
                return Publish(command);
            case "createStream":
                CreateStream(command);
                return RtmpCommandResult.Continue;
            case "releaseStream" or "_checkbw":
                Reply(command, null);
                return RtmpCommandResult.Continue;
            case "getStreamLength":
                Reply(command, 0);
                return RtmpCommandResult.Continue;
            case "FCPublish":
                Reply(command, null);
                replies.Call("onFCPublish", "NetStream.Publish.Start", "Ready to publish.");
                return RtmpCommandResult.Continue;
            case "FCUnpublish":
                Reply(command, null);
                replies.Call("onFCUnpublish", "NetStream.Unpublish.Success", "Unpublished.");
                return PublishStream == 0 ? RtmpCommandResult.Continue : Finish();
            case "deleteStream":
                return PublishStream == 0 || !IsForPublishStream(command) ? RtmpCommandResult.Continue : Finish();
            case "closeStream":
                return PublishStream == 0 || !IsForPublishStream(command) ? RtmpCommandResult.Continue : CloseStream();
            case "play" or "play2" or "pause" or "pauseRaw" or "seek":
                throw RtmpProtocolException.PlayNotSupported();
            case "_result" or "_error" or "onStatus":
                return RtmpCommandResult.Continue;
            default:
                if (command.Transaction != 0)
                {
                    replies.Error(command.Transaction, "NetConnection.Call.Failed", "No such method.");
                }

                return RtmpCommandResult.Continue;
        }
    }

    /// <summary>Tells the encoder to start sending.</summary>
    public void Accept()
    {
        replies.UserControl(UserControlEvent.StreamBegin, PublishStream);
        replies.Status(PublishStream, isError: false, "NetStream.Publish.Start", "Publishing.");
    }

    /// <summary>Reports to the encoder's operator why publishing was rejected or ended.</summary>
    public void Reject(string code, string description) => replies.Status(PublishStream, isError: true, code, description);

    private RtmpCommandResult Connect(RtmpCommand command)
    {
        if (_connected)
        {
            throw RtmpProtocolException.InvalidCommand("connect was sent twice.");
        }

        var options = command.Arguments.Count > 0 ? command.Arguments[0] : AmfValue.Null.Instance;
        var path = WithoutQuery(options.GetText("app")).Trim('/');
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? path : path[..slash];
        if (first != application)
        {
            var rejection = RtmpProtocolException.UnknownApplication(application);
            replies.Error(command.Transaction, "NetConnection.Connect.InvalidApp", rejection.Message);
            throw rejection;
        }

        _keyInApplication = slash < 0 ? "" : path[(slash + 1)..].Trim('/');
        Encoder = TextSanitizer.Sanitize(options.GetText("flashVer"), PublishRequest.MaxEncoder);
        Client = Capabilities.Parse(options);
        Target = new(first, GetValidText(options.GetText("tcUrl")), GetValidText(options.GetText("swfUrl")),
            GetValidText(options.GetText("pageUrl")),
            QueryOf(options.GetText("app")), IsEncrypted: false);
        _connected = true;
        replies.WindowAcknowledgementSize(Window);
        replies.SetPeerBandwidth(Window);
        replies.SetChunkSize(ReplyChunkSize);
        replies.ConnectAccepted(command.Transaction, Client.IsEnhanced);
        return RtmpCommandResult.Continue;
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

    private RtmpCommandResult Publish(RtmpCommand command)
    {
        if (PublishStream != 0)
        {
            replies.Status(command.Stream, isError: true, "NetStream.Publish.BadName", "Already publishing on this connection.");
            return RtmpCommandResult.Continue;
        }

        // Some encoders publish on stream 1 without creating it, or on stream 0. The stream of the command counts from here on.
        if (command.Stream > MaxStreams)
        {
            throw RtmpProtocolException.InvalidCommand($"publish on stream {command.Stream}, which does not exist.");
        }

        PublishStream = Math.Max(command.Stream, 1);

        // "live", "record" and "append" make no difference: the channel's settings decide about recording.
        var name = WithoutQuery(command.GetText(1)).Trim('/');
        var key = name.Length > 0 ? name : _keyInApplication;
        StreamKey = IsKey(key) ? key : null;
        Target = QueryOf(command.GetText(1)) is { Length: > 0 } query ? Target with { Query = query } : Target;
        return RtmpCommandResult.PublishRequested;
    }

    private RtmpCommandResult Finish()
    {
        replies.Status(PublishStream, isError: false, "NetStream.Unpublish.Success", "Unpublished.");
        return RtmpCommandResult.Finished;
    }

    /// <summary>
    /// A connection publishes once. An encoder that closes its stream and keeps the connection gets this status before it publishes again.
    /// </summary>
    private RtmpCommandResult CloseStream()
    {
        var step = Finish();
        replies.Status(0, isError: false, "NetConnection.Connect.Closed", "The stream has ended. Connect again to publish another one.");
        return step;
    }

    /// <summary>deleteStream names its stream as a number; closeStream arrives on it.</summary>
    private bool IsForPublishStream(RtmpCommand command) =>
        command.Arguments.Count < 2 || command.Arguments[1] is not AmfValue.Number number || number.Value.Equals(PublishStream);

    private void Reply(RtmpCommand command, double? value)
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
        return query < 0 ? "" : GetValidText(text![(query + 1)..]);
    }

    private static string GetValidText(string? text) => text is { Length: <= PublishConnectInfo.MaxText }
        && !text.Any(char.IsControl) ? text : "";

    private static bool IsKey(string key) =>
        key.Length is > 0 and <= MaxKeyLength && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
}
