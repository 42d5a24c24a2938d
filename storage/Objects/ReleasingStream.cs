namespace Broadcast.Storage.Objects;

/// <summary>Stream of a response that gives back a place at a limit on disposal.</summary>
/// <param name="inner">The response's stream; disposed of together with this one.</param>
/// <param name="released">Called once on disposal.</param>
internal sealed class ReleasingStream(Stream inner, Action released) : ReadOnlyStream
{
    private Action? _released = released;

    public override long Length => inner.Length;

    protected override long BytesRead => inner.Position;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            Interlocked.Exchange(ref _released, null)?.Invoke();
        }

        base.Dispose(disposing);
    }
}
