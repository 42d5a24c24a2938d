using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;

namespace Broadcast.Benchmarks;

/// <summary>A user without an account in a MUC room: XMPP over WebSocket (RFC 7395), with what this benchmark needs.</summary>
/// <param name="domain">Domain of the user.</param>
/// <param name="room">Address of the room.</param>
/// <param name="nick">Name in the room.</param>
/// <param name="deliveries">Receives the figures.</param>
internal sealed class XmppClient(string domain, string room, string nick, ChatDeliveries deliveries) : IAsyncDisposable
{
    private const int MaxStanza = 256 * 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _reading;
    private byte[] _buffer = new byte[4096];

    /// <summary>Connects, and enters the room.</summary>
    public async Task JoinAsync(Uri address)
    {
        _socket.Options.AddSubProtocol("xmpp");
        _socket.Options.KeepAliveInterval = System.Threading.Timeout.InfiniteTimeSpan;
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        await _socket.ConnectAsync(address, timeout.Token);
        await OpenAsync(timeout.Token);
        await WriteAsync("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>", timeout.Token);
        await ExpectAsync("<success", timeout.Token);
        await OpenAsync(timeout.Token);
        await WriteAsync("<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
            timeout.Token);
        await ExpectAsync("<jid>", timeout.Token);
        await WriteAsync($"<presence xmlns='jabber:client' to='{room}/{nick}'>"
            + "<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>", timeout.Token);
        _reading = ReadAsync();
        await _joined.Task.WaitAsync(timeout.Token);
    }

    /// <summary>Sends a message to the room.</summary>
    public Task SendAsync(string text) =>
        WriteAsync($"<message xmlns='jabber:client' to='{room}' type='groupchat'><body>{text}</body></message>", _stopping.Token);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await (_reading ?? Task.CompletedTask);
        _socket.Dispose();
        _sending.Dispose();
        _stopping.Dispose();
    }

    private async Task OpenAsync(CancellationToken cancellation)
    {
        await WriteAsync($"<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='{domain}' version='1.0'/>", cancellation);
        await ExpectAsync("features", cancellation);
    }

    private async Task WriteAsync(string stanza, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            await _socket.SendAsync(Encoding.UTF8.GetBytes(stanza), WebSocketMessageType.Text, endOfMessage: true, cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ExpectAsync(string part, CancellationToken cancellation)
    {
        while (true)
        {
            var stanza = Encoding.UTF8.GetString(_buffer, 0, await ReceiveAsync(cancellation));
            if (stanza.Contains("failure", StringComparison.Ordinal) || stanza.Contains("type='error'", StringComparison.Ordinal))
            {
                throw new IOException($"The XMPP server rejected a client: {stanza}");
            }

            if (stanza.Contains(part, StringComparison.Ordinal))
            {
                return;
            }
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                Handle(_buffer.AsSpan(0, await ReceiveAsync(_stopping.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // The measurement is complete.
        }
        catch (Exception e) when (e is WebSocketException or IOException)
        {
            deliveries.AddError();
            _joined.TrySetException(e);
        }
    }

    private void Handle(ReadOnlySpan<byte> stanza)
    {
        if (stanza.IndexOf("<body>"u8) is >= 0 and var body && ChatDeliveries.TryParse(stanza[(body + 6)..], out var sentAt))
        {
            deliveries.Add(sentAt, Stopwatch.GetTimestamp());
        }
        else if (!_joined.Task.IsCompleted && stanza.IndexOf("code='110'"u8) >= 0)
        {
            // The presence of this occupant follows those of the others.
            _joined.TrySetResult();
        }
    }

    /// <summary>Receives one stanza into the buffer.</summary>
    private async ValueTask<int> ReceiveAsync(CancellationToken cancellation)
    {
        for (var got = 0; ;)
        {
            if (got == _buffer.Length)
            {
                Array.Resize(ref _buffer, _buffer.Length < MaxStanza ? _buffer.Length * 2 : throw new IOException("A stanza is too long."));
            }

            var part = await _socket.ReceiveAsync(_buffer.AsMemory(got), cancellation);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                throw new IOException("The XMPP server closed a connection.");
            }

            got += part.Count;
            deliveries.AddBytes(part.Count);
            if (part.EndOfMessage)
            {
                return got;
            }
        }
    }
}
