using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Broadcast.Ingest.Rtmp;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Chunks;
using Broadcast.Ingest.Rtmp.Flv;
using Broadcast.Ingest.Rtmp.Handshake;
using Broadcast.Ingest.Rtmp.Messages;
using Broadcast.Media.Connections;

namespace Broadcast.Publisher;

/// <summary>
/// Publishes to an RTMP server, for load tests and restreaming. A message is sent as header and payload in one gathering write, without
/// copying. Only one caller may send at a time.
/// </summary>
public sealed class RtmpPublisher : IAsyncDisposable
{
    /// <summary>Default chunk size. It needs few headers, and no server is known to reject it.</summary>
    public const int DefaultChunkSize = 65_536;

    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    // Some servers send these with another level than "error".
    private static readonly string[] RejectionCodes = [".BadName", ".Denied", ".Unauthorized", ".Failed"];

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly PipeReader _input;
    private readonly ChunkReader _chunks = new(new ChunkLimits(65_536, 65_536, 65_536, 64, 1024 * 1024), 1);
    private readonly ArrayBufferWriter<byte> _outgoing = new(2048);
    private readonly ChunkWriter _writer = new();
    private readonly AmfWriter _amf = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly RtmpClientSettings _settings;
    private ChunkGather _gather;
    private uint _messageStream = 1;
    private string _streamKey = "";
    private readonly TaskCompletionSource<string?> _reconnect = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _listening = Task.CompletedTask;

    private RtmpPublisher(Socket socket, Stream stream, RtmpClientSettings settings)
    {
        (_socket, _stream, _settings) = (socket, stream, settings);
        _input = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        _gather = new ChunkGather(settings.ChunkSize, _messageStream);
    }

    /// <summary>
    /// Completes when the server ends the connection. Fails with <see cref="RtmpPublishException"/> when the server gave a reason; succeeds
    /// when either side just closed.
    /// </summary>
    public Task Completion => _listening;

    /// <summary>Completes when the server requests a reconnect, with the new URL or <see langword="null"/> for the same one.</summary>
    public Task<string?> ReconnectRequested => _reconnect.Task;

    /// <summary>Host of the server.</summary>
    public string Host { get; private set; } = "";

    /// <summary>Media bytes sent.</summary>
    public long BytesSent { get; private set; }

    /// <summary>FourCCs that the server announced in its reply to <c>connect</c>; empty without Enhanced RTMP.</summary>
    public IReadOnlyList<string> AnnouncedCodecs { get; private set; } = [];

    /// <summary>State of the TCP connection; <see langword="null"/> where it is unknown.</summary>
    public TcpInfo? Connection => TcpInfo.Read(_socket);

    /// <summary>Connects, and returns once the server has accepted the publication.</summary>
    /// <param name="target">Where to publish.</param>
    /// <param name="chunkSize">Maximum payload of a chunk, 128 to 16,777,215.</param>
    /// <param name="cancellationToken">Cancels the whole operation.</param>
    /// <exception cref="RtmpPublishException">The server rejected the publication.</exception>
    /// <exception cref="SocketException">The server cannot be reached.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    public static Task<RtmpPublisher> ConnectAsync(RtmpTarget target, int chunkSize = DefaultChunkSize,
        CancellationToken cancellationToken = default) =>
        ConnectAsync(target, new RtmpClientSettings { ChunkSize = chunkSize }, cancellationToken);

    /// <summary>Connects, and returns once the server has accepted the publication.</summary>
    /// <param name="target">Where to publish.</param>
    /// <param name="settings">Settings of the client.</param>
    /// <param name="cancellationToken">Cancels the whole operation.</param>
    /// <exception cref="RtmpPublishException">The server rejected the publication.</exception>
    /// <exception cref="SocketException">The server cannot be reached.</exception>
    /// <exception cref="AuthenticationException">The certificate of the server is not trusted, or not its own.</exception>
    /// <exception cref="TimeoutException">A step exceeded its time; the message names it.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    public static async Task<RtmpPublisher> ConnectAsync(RtmpTarget target, RtmpClientSettings settings,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.ChunkSize, 128);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(settings.ChunkSize, 0xFFFFFF);
        Socket? socket = null;
        Stream? stream = null;
        try
        {
            await LimitAsync(settings, "accept the connection", async token =>
                socket = await settings.Connect(target.Host, target.Port, token), cancellationToken);
            stream = new NetworkStream(socket!, ownsSocket: true);
            if (target.UseTls)
            {
                var secure = new SslStream(stream);
                stream = secure;
                await LimitAsync(settings, "complete the TLS handshake", token => secure.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions { TargetHost = target.Host }, token), cancellationToken);
            }

            var publisher = new RtmpPublisher(socket!, stream, settings);
            await publisher.OpenAsync(target, cancellationToken);
            return publisher;
        }
        catch (RtmpProtocolException e)
        {
            await CloseAsync(stream, socket);
            throw new IOException(e.Message, e);
        }
        catch
        {
            await CloseAsync(stream, socket);
            throw;
        }
    }

    /// <summary>Sends one tag.</summary>
    /// <exception cref="IOException">The connection failed.</exception>
    public ValueTask SendAsync(FlvTag tag, CancellationToken cancellationToken = default) => SendAsync([tag], 0, cancellationToken);

    /// <summary>Sends tags in one write.</summary>
    /// <param name="tags">Tags to send; not retained.</param>
    /// <param name="addMilliseconds">Added to their timestamps, modulo 2^32.</param>
    /// <param name="cancellationToken">Cancels waiting.</param>
    /// <exception cref="IOException">The connection failed.</exception>
    public ValueTask SendAsync(IReadOnlyList<FlvTag> tags, uint addMilliseconds, CancellationToken cancellationToken = default) =>
        SendAsync(tags, 0, tags.Count, addMilliseconds, cancellationToken);

    /// <summary>Sends a range of a list of tags in one write; see the other overload.</summary>
    /// <param name="tags">List of tags.</param>
    /// <param name="from">Index of the first tag.</param>
    /// <param name="to">Index after the last tag.</param>
    /// <param name="addMilliseconds">Added to their timestamps, modulo 2^32.</param>
    /// <param name="cancellationToken">Cancels waiting.</param>
    public async ValueTask SendAsync(IReadOnlyList<FlvTag> tags, int from, int to, uint addMilliseconds,
        CancellationToken cancellationToken = default)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            _gather.Clear();
            for (var i = from; i < to; i++)
            {
                _gather.Add(tags[i], unchecked(tags[i].Timestamp + addMilliseconds));
            }

            await GatheringWrite.WriteAsync(_socket, _stream, _gather.Segments, cancellationToken);
            BytesSent += _gather.Bytes;
        }
        catch (SocketException e)
        {
            throw new IOException(e.Message, e);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>
    /// Announces the end, lets the server read all sent data, and closes. Closing a socket with unread received data would discard the last
    /// frames.
    /// </summary>
    public async Task CloseAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await FlushAsync(() =>
            {
                Call("FCUnpublish", 0, _streamKey);
                Call("deleteStream", 0, _messageStream);
            }, cancellationToken);
            _socket.Shutdown(SocketShutdown.Send);
            await _listening.WaitAsync(CloseTimeout, TimeProvider.System, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The connection is closed already.
        }

        await DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync(_stream, _socket);
        await _listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _sending.Dispose();
    }

    /// <summary>Runs a step within its time.</summary>
    private static async Task LimitAsync(RtmpClientSettings settings, string step, Func<CancellationToken, Task> run,
        CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(settings.StepTimeout, settings.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await run(either.Token);
        }
        catch (OperationCanceledException late) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The server did not {step} within {settings.StepTimeout.TotalSeconds:0.#} s.", late);
        }
    }

    private Task LimitAsync(string step, Func<CancellationToken, Task> run, CancellationToken cancellationToken) =>
        LimitAsync(_settings, step, run, cancellationToken);

    private async Task OpenAsync(RtmpTarget target, CancellationToken cancellationToken)
    {
        await LimitAsync("complete the RTMP handshake", HandshakeAsync, cancellationToken);
        await LimitAsync("answer 'connect'", token => CallConnectAsync(target, token), cancellationToken);
        await LimitAsync("answer 'createStream'", token => CreateStreamAsync(target, token), cancellationToken);
        await LimitAsync("answer 'publish'", token => PublishAsync(target, token), cancellationToken);
    }

    private async Task CallConnectAsync(RtmpTarget target, CancellationToken cancellationToken)
    {
        var size = _settings.ChunkSize;
        _writer.Write(_outgoing, 2, MessageType.SetChunkSize, 0, 0,
            [(byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size]);
        _writer.ChunkSize = size;
        _amf.Clear().Text("connect").Number(1);
        using (_amf.Object())
        {
            _amf.Name("app").Text(target.Application).Name("type").Text("nonprivate")
                .Name("flashVer").Text(_settings.Agent).Name("tcUrl").Text(target.ToString());
            if (target.IsEnhanced)
            {
                _amf.Name("fourCcList").Texts([.. FourCc.Video.Concat(FourCc.Audio).Select(FourCc.Name)])
                    .Name("capsEx").Number((int)Capabilities.Supported);
            }
        }

        Write(0);
        await FlushAsync(cancellationToken);
        var reply = await WaitForReplyAsync(1, cancellationToken);
        AnnouncedCodecs = [.. reply.Arguments.Take(2).SelectMany(argument => Capabilities.Parse(argument).Codecs).Distinct()];
    }

    private async Task CreateStreamAsync(RtmpTarget target, CancellationToken cancellationToken)
    {
        Call("releaseStream", 2, target.StreamKey);
        Call("FCPublish", 3, target.StreamKey);
        _amf.Clear().Text("createStream").Number(4).Null();
        Write(0);
        await FlushAsync(cancellationToken);
        var reply = await WaitForReplyAsync(4, cancellationToken);
        _messageStream = reply.Arguments.Count > 1 && reply.Arguments[1] is AmfValue.Number { Value: >= 0 and <= uint.MaxValue } number
            ? (uint)number.Value
            : 1;
        _gather = new ChunkGather(_settings.ChunkSize, _messageStream);
    }

    private async Task PublishAsync(RtmpTarget target, CancellationToken cancellationToken)
    {
        const double Transaction = 5;
        (_streamKey, Host) = (target.StreamKey, target.Host);
        _amf.Clear().Text("publish").Number(Transaction).Null().Text(target.StreamKey).Text("live");
        Write(_messageStream);
        await FlushAsync(cancellationToken);
        while (true)
        {
            var status = await NextCommandAsync(cancellationToken);
            if (status.Name != "onStatus" && !(status.Name == "_error" && status.Transaction.Equals(Transaction)))
            {
                continue;
            }

            if (IsRejection(status, out var rejection))
            {
                throw rejection!;
            }

            _listening = ListenAsync();
            return;
        }
    }

    private async Task HandshakeAsync(CancellationToken cancellationToken)
    {
        const int Block = HandshakeDigest.BlockSize;
        var request = new byte[1 + Block];
        RandomNumberGenerator.Fill(request.AsSpan(9));
        request[0] = 3;
        await _stream.WriteAsync(request, cancellationToken);
        var read = await _input.ReadAtLeastAsync(1 + (2 * Block), cancellationToken);
        if (read.Buffer.Length < 1 + (2 * Block))
        {
            throw new IOException("The server closed the connection during the handshake.");
        }

        // C2 echoes S1; it is sent with the next command.
        var version = read.Buffer.FirstSpan[0];
        read.Buffer.Slice(1, Block).CopyTo(_outgoing.GetSpan(Block));
        _outgoing.Advance(Block);
        _input.AdvanceTo(read.Buffer.GetPosition(1 + (2 * Block)));
        if (version != 3)
        {
            throw new IOException($"The server does not use RTMP version 3; it sent version {version}.");
        }
    }

    /// <summary>Reads after <c>publish</c>: answers pings, and ends when the server does.</summary>
    private async Task ListenAsync()
    {
        try
        {
            while (true)
            {
                var command = await NextCommandAsync(CancellationToken.None);
                if (command.Name == "onStatus" && IsRejection(command, out var rejection))
                {
                    throw rejection!;
                }

                RecordReconnectRequest(command);
            }
        }
        catch (Exception e) when (
            e is IOException or SocketException or ObjectDisposedException or RtmpProtocolException or InvalidOperationException)
        {
            // The connection has ended; the next send fails.
        }
    }

    private async Task<RtmpCommand> WaitForReplyAsync(double transaction, CancellationToken cancellationToken)
    {
        while (true)
        {
            var command = await NextCommandAsync(cancellationToken);
            if (command.Name == "_error" && command.Transaction.Equals(transaction))
            {
                IsRejection(command, out var rejection);
                throw rejection ?? new RtmpPublishException("", "The server rejected the request.");
            }

            if (command.Name == "_result" && command.Transaction.Equals(transaction))
            {
                return command;
            }

            if (command.Name == "onStatus" && IsRejection(command, out var earlyRejection))
            {
                throw earlyRejection!;
            }
        }
    }

    private async Task<RtmpCommand> NextCommandAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await _input.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            var hasMessage = TryRead(ref buffer, out var message);
            _input.AdvanceTo(buffer.Start, hasMessage ? buffer.Start : buffer.End);
            if (!hasMessage)
            {
                if (read.IsCompleted)
                {
                    throw new IOException("The server closed the connection.");
                }
            }
            else if (message.Type is MessageType.Command or MessageType.CommandAmf3)
            {
                return RtmpCommand.Read(message);
            }
            else if (message.Type == MessageType.UserControl && message.Payload.Length >= 6
                && message.Payload.Span[1] == (byte)UserControlEvent.PingRequest)
            {
                var echo = message.Payload.ToArray();
                echo[1] = (byte)UserControlEvent.PingResponse;
                await FlushAsync(() => _writer.Write(_outgoing, 2, MessageType.UserControl, 0, 0, echo), cancellationToken);
            }
        }
    }

    private bool TryRead(ref ReadOnlySequence<byte> buffer, out RtmpMessage message)
    {
        var reader = new SequenceReader<byte>(buffer);
        var hasMessage = _chunks.TryRead(ref reader, out message);
        buffer = buffer.Slice(reader.Position);
        return hasMessage;
    }

    private void RecordReconnectRequest(RtmpCommand command)
    {
        if (command.Arguments is [_, var information, ..] && information.GetText("code") == ReplyWriter.ReconnectCode)
        {
            _reconnect.TrySetResult(information.GetText("tcUrl"));
        }
    }

    private static bool IsRejection(RtmpCommand command, out RtmpPublishException? rejection)
    {
        var information = command.Arguments.Count > 1 ? command.Arguments[1] : AmfValue.Null.Instance;
        var code = information.GetText("code") ?? "";
        rejection = information.GetText("level") == "error" || command.Name == "_error"
            || Array.Exists(RejectionCodes, suffix => code.EndsWith(suffix, StringComparison.Ordinal))
            ? new RtmpPublishException(code, information.GetText("description") ?? code)
            {
                Redirect = information.Find("ex").GetText("redirect"),
            }
            : null;
        return rejection is not null;
    }

    private void Call(string name, double transaction, string argument)
    {
        _amf.Clear().Text(name).Number(transaction).Null().Text(argument);
        Write(0);
    }

    private void Call(string name, double transaction, double? argument = null)
    {
        _amf.Clear().Text(name).Number(transaction).Null();
        _ = argument is { } number ? _amf.Number(number) : _amf.Null();
        Write(0);
    }

    private void Write(uint stream) => _writer.Write(_outgoing, 3, MessageType.Command, stream, 0, _amf.Written);

    private Task FlushAsync(CancellationToken cancellationToken) => FlushAsync(() => { }, cancellationToken);

    /// <summary>Writes messages and sends them. Answers to pings and the end of the publication are written on different threads.</summary>
    private async Task FlushAsync(Action write, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            write();
            await _stream.WriteAsync(_outgoing.WrittenMemory, cancellationToken);
            _outgoing.ResetWrittenCount();
        }
        finally
        {
            _sending.Release();
        }
    }

    private static async ValueTask CloseAsync(Stream? stream, Socket? socket)
    {
        if (stream is not null)
        {
            await stream.DisposeAsync();
        }

        socket?.Dispose();
    }
}
