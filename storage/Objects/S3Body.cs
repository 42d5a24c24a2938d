using Amazon.S3.Model;
using Broadcast.Media;

namespace Broadcast.Storage.Objects;

/// <summary>An object's bytes as S3 sends them. Each read has a deadline, a body that ends early is an error, and errors are the store's.</summary>
internal sealed class S3Body(GetObjectResponse response, long count, TimeSpan limit, TimeProvider time, S3Faults faults, string what) : Stream
{
    private long _done;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => count;

    public override long Position { get => _done; set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_done == count || buffer.Length == 0)
        {
            return 0;
        }

        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        int read;
        try
        {
            read = await response.ResponseStream.ReadAsync(buffer[..(int)Math.Min(buffer.Length, count - _done)], either.Token);
        }
        catch (Exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw faults.Late(what, limit);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw faults.Explain(e, what);
        }

        if (read == 0)
        {
            throw new ObjectStoreException(ObjectStoreFault.Unreachable, $"{what}: {faults.Where} ended the answer after {_done} of {count} bytes.");
        }

        _done += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Read the network asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            response.Dispose();
        }

        base.Dispose(disposing);
    }
}
