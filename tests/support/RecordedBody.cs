using System.Collections.Concurrent;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace Broadcast.Testing;

/// <summary>
/// A response body that records how many bytes the application hands over at a time, and can stall like a client that does not read.
/// </summary>
/// <param name="inner">The body that gets the bytes.</param>
/// <param name="reading">Each piece waits for this task after it has been recorded; by default, none waits.</param>
public sealed class RecordedBody(IHttpResponseBodyFeature inner, Task? reading = null) : PipeWriter, IHttpResponseBodyFeature
{
    private readonly ConcurrentQueue<long> _pieces = [];
    private long _unflushed;

    /// <summary>Lengths of the pieces, in order.</summary>
    public IReadOnlyCollection<long> Pieces => _pieces;

    /// <inheritdoc/>
    public Stream Stream => AsStream(leaveOpen: true);

    /// <inheritdoc/>
    public PipeWriter Writer => this;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.Writer.GetMemory(sizeHint);

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => inner.Writer.GetSpan(sizeHint);

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        _unflushed += bytes;
        inner.Writer.Advance(bytes);
    }

    /// <inheritdoc/>
    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        await RecordAsync(0, cancellationToken);
        return await inner.Writer.FlushAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override async ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        await RecordAsync(source.Length, cancellationToken);
        return await inner.Writer.WriteAsync(source, cancellationToken);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => inner.Writer.CancelPendingFlush();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Writer.Complete(exception);

    /// <inheritdoc/>
    public void DisableBuffering() => inner.DisableBuffering();

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken = default) => inner.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        inner.SendFileAsync(path, offset, count, cancellationToken);

    /// <inheritdoc/>
    public Task CompleteAsync() => inner.CompleteAsync();

    private async Task RecordAsync(int length, CancellationToken cancellationToken)
    {
        var piece = _unflushed + length;
        _unflushed = 0;
        if (piece > 0)
        {
            _pieces.Enqueue(piece);
            await (reading ?? Task.CompletedTask).WaitAsync(cancellationToken);
        }
    }
}
