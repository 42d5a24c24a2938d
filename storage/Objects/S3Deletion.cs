using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Broadcast.Media;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>Deletes objects of a bucket, and finds those that could not be deleted.</summary>
internal sealed class S3Deletion(S3Bucket bucket, AmazonS3Client client)
{
    private const int NamesPerDelete = 1000;

    /// <summary>Deletes objects in requests of 1,000 names.</summary>
    public async Task DeleteAsync(IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        var failed = new List<ObjectName>();
        ObjectStoreException? first = null;
        foreach (var chunk in names.Chunk(NamesPerDelete))
        {
            var request = new DeleteObjectsRequest { BucketName = bucket.Name, Quiet = true,
                Objects = [.. chunk.Select(name => new KeyVersion { Key = bucket.KeyOf(name) })] };
            try
            {
                await bucket.CallAsync($"Could not delete {chunk.Length} objects", bucket.LimitFor(chunk.Length * 10_000L), async token =>
                {
                    try
                    {
                        return await client.DeleteObjectsAsync(request, token);
                    }
                    catch (DeleteObjectsException e)
                    {
                        return ExplainDeleteErrors(e, chunk) is { } error ? throw error : e.Response;
                    }
                }, cancellationToken);
            }
            catch (ObjectStoreException e) when (e.FailedNames.Count > 0)
            {
                failed.AddRange(e.FailedNames);
                first ??= e;
            }
        }

        if (first is not null)
        {
            throw new ObjectStoreException(first.Kind, first.Message, first) { FailedNames = failed };
        }
    }

    /// <summary>Returns the first error of a deletion with the names that failed; <see langword="null"/> when they were missing.</summary>
    private ObjectStoreException? ExplainDeleteErrors(DeleteObjectsException exception, ObjectName[] names)
    {
        var errors = (exception.Response.DeleteErrors ?? []).Where(error => error.Code != "NoSuchKey").ToList();
        if (errors.Count == 0)
        {
            return null;
        }

        var status = errors[0].Code == "AccessDenied" ? HttpStatusCode.Forbidden : HttpStatusCode.InternalServerError;
        var error = bucket.Errors.FromErrorCode(errors[0].Code, status, $"Could not delete {errors[0].Key}", exception);
        var keys = errors.Select(failure => failure.Key).ToHashSet(StringComparer.Ordinal);
        var failed = names.Where(name => keys.Contains(bucket.KeyOf(name))).ToList();

        // A service that names other keys does not say which deletions failed.
        return failed.Count == keys.Count
            ? new ObjectStoreException(error.Kind, error.Message, error.InnerException) { FailedNames = failed } : error;
    }
}
