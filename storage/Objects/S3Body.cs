using Amazon.S3.Model;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>
/// Body of an S3 response. Each read has a deadline; a truncated body and network errors throw <see cref="ObjectStoreException"/>.
/// </summary>
internal sealed class S3Body(GetObjectResponse response, long count, TimeSpan timeout, TimeProvider time, S3Errors errors, string operation)
    : ReadOnlyStream
{
    private long _done;

    public override long Length => count;

    protected override long BytesRead => _done;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_done == count || buffer.Length == 0)
        {
            return 0;
        }

        using var deadline = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        int read;
        try
        {
            read = await response.ResponseStream.ReadAsync(buffer[..(int)Math.Min(buffer.Length, count - _done)], either.Token);
        }
        catch (Exception) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw errors.TimedOut(operation, timeout);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw errors.Explain(e, operation);
        }

        if (read == 0)
        {
            throw new ObjectStoreException(
                ObjectStoreErrorKind.Unreachable, $"{operation}: {errors.Location} ended the response after {_done} of {count} bytes.");
        }

        _done += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            response.Dispose();
        }

        base.Dispose(disposing);
    }
}
