using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Broadcast.Ingest.Rtmp.Transport;

/// <summary>Tells the transport that a connection's media have begun.</summary>
internal interface IPublisherTransportFeature
{
    /// <summary>Switches to media: larger buffers, and a read loop that tolerates delay.</summary>
    /// <param name="lowLatency">Whether viewers of the channel wait for parts of segments; the delay is then short.</param>
    void StartMedia(bool lowLatency);

    /// <summary>Indicates whether the connection has used up its time on its thread, so that other connections must proceed.</summary>
    bool IsPassOver { get; }

    /// <summary>Waits until the other connections of the thread have proceeded.</summary>
    ValueTask YieldAsync();
}

/// <summary>
/// Kestrel connection on one socket. Unread data stays in the kernel, and a buffer is rented only when there is data. A silent connection
/// has no buffer, and one that sends its handshake slowly has a small one.
/// </summary>
internal sealed class PublisherConnection : ConnectionContext, IDuplexPipe, IConnectionIdFeature, IConnectionItemsFeature,
    IConnectionTransportFeature,
    IConnectionLifetimeFeature, IConnectionEndPointFeature, IPublisherTransportFeature
{
    private readonly PublisherStream _stream;
    private readonly ReadBuffers _buffers = new();
    private readonly ReadLoops _loops;
    private readonly CancellationTokenSource _closed = new();
    private int _aborted;

    /// <exception cref="IOException">The system cannot watch another socket.</exception>
    public PublisherConnection(Socket socket, ReadLoops loops)
    {
        (LocalEndPoint, RemoteEndPoint) = (socket.LocalEndPoint, socket.RemoteEndPoint);
        ConnectionClosed = _closed.Token;
        _loops = loops;
        _stream = new PublisherStream(socket);
        _stream.MoveTo(loops.Prompt);
        Input = PipeReader.Create(_stream, new StreamPipeReaderOptions(
            _buffers, bufferSize: ReadBuffers.Small, minimumReadSize: ReadBuffers.Small / 8, leaveOpen: true, useZeroByteReads: true));
        Output = PipeWriter.Create(_stream, new StreamPipeWriterOptions(leaveOpen: true));
        Transport = this;
        Features.Set<IConnectionIdFeature>(this);
        Features.Set<IConnectionItemsFeature>(this);
        Features.Set<IConnectionTransportFeature>(this);
        Features.Set<IConnectionLifetimeFeature>(this);
        Features.Set<IConnectionEndPointFeature>(this);
        Features.Set<IPublisherTransportFeature>(this);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public override IDuplexPipe Transport { get; set; }

    public override string ConnectionId { get; set; } = Guid.NewGuid().ToString("N")[..13];

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public void StartMedia(bool lowLatency)
    {
        _buffers.UseLargeBuffers();
        _stream.MoveTo(_loops.GetLoopForPublisher(lowLatency));
    }

    public bool IsPassOver => _stream.IsPassOver;

    public async ValueTask YieldAsync() => await _stream.YieldAsync();

    public override void Abort(ConnectionAbortedException abortReason) => Close();

    public override async ValueTask DisposeAsync()
    {
        await Input.CompleteAsync();
        await Output.CompleteAsync();
        Close();
        await _stream.DisposeAsync();
    }

    private void Close()
    {
        if (Interlocked.Exchange(ref _aborted, 1) == 0)
        {
            _stream.Abort();
            ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
        }
    }
}
