using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>
/// Uploads a large file in parts, several at a time. The object appears when all parts are uploaded; on failure the parts are deleted.
/// </summary>
internal sealed class S3Multipart(AmazonS3Client client, string bucket, bool signBodies)
{
    public const int Parallel = 3;
    private const int MaxParts = 10_000;

    /// <summary>Size of a part in bytes, unless the file would have more than 10,000 parts. S3's minimum is 5 MiB.</summary>
    private const long PartSize = 16L << 20;

    public static FileStream OpenForReading(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.Asynchronous);

    /// <param name="start">The upload request with bucket, key and metadata.</param>
    /// <param name="path">Path of the file.</param>
    /// <param name="length">Size of the file in bytes.</param>
    /// <param name="condition">Whether an existing object is replaced.</param>
    /// <param name="md5">Whether to send the MD5 of each part.</param>
    /// <param name="cancellationToken">Cancels the upload.</param>
    public async Task<bool> PutAsync(InitiateMultipartUploadRequest start, string path, long length, PutCondition condition, bool md5,
        CancellationToken cancellationToken)
    {
        var key = start.Key;
        var upload = (await client.InitiateMultipartUploadAsync(start, cancellationToken)).UploadId;
        try
        {
            var size = Math.Max(PartSize, (length + MaxParts - 1) / MaxParts);
            var parts = new PartETag[(length + size - 1) / size];
            var options = new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken };
            await System.Threading.Tasks.Parallel.ForAsync(0, parts.Length, options, async (i, token) =>
            {
                await using var file = OpenForReading(path);
                file.Position = i * size;
                var count = Math.Min(size, length - (i * size));
                var digest = md5 ? await FileDigest.OfAsync(file.SafeFileHandle, i * size, count, md5, token) : null;
                var response = await client.UploadPartAsync(new UploadPartRequest
                {
                    BucketName = bucket,
                    Key = key,
                    UploadId = upload,
                    PartNumber = i + 1,
                    InputStream = file,
                    PartSize = count,
                    MD5Digest = digest?.Md5,
                    UseChunkEncoding = false,
                    DisablePayloadSigning = !signBodies,
                }, token);
                parts[i] = new PartETag(i + 1, response.ETag);
            });

            await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest
            {
                BucketName = bucket,
                Key = key,
                UploadId = upload,
                PartETags = [.. parts],
                IfNoneMatch = condition == PutCondition.CreateOnly ? "*" : null,
            }, cancellationToken);
            return true;
        }
        catch (AmazonS3Exception e) when (e.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            await AbortAsync(key, upload);
            return false;
        }
        catch
        {
            await AbortAsync(key, upload);
            throw;
        }
    }

    /// <summary>
    /// Deletes the uploaded parts, because they are billed. If the store is unreachable, the bucket's lifecycle rule has to remove them.
    /// </summary>
    private async Task AbortAsync(string key, string upload)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await client.AbortMultipartUploadAsync(bucket, key, upload, limit.Token);
        }
        catch (Exception e) when (e is Amazon.Runtime.AmazonServiceException or Amazon.Runtime.AmazonClientException
            or OperationCanceledException or HttpRequestException)
        {
            // The original error is already being thrown.
        }
    }
}
