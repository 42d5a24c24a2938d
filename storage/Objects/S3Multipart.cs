using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Broadcast.Media;

namespace Broadcast.Storage.Objects;

/// <summary>Puts a large file up in parts, a few at a time. The object appears when all are there; when that fails, the parts are thrown away.</summary>
internal sealed class S3Multipart(AmazonS3Client client, string bucket, bool signBodies)
{
    private const int Parallel = 3;
    private const int MaxParts = 10_000;

    /// <summary>Bytes of a part, but for files that would have more than 10,000 of them. S3's least is 5 MiB.</summary>
    private const long PartSize = 16L << 20;

    public static FileStream OpenForReading(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.Asynchronous);

    /// <param name="start">The upload: bucket, key, metadata.</param>
    /// <param name="path">The file.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="condition">Whether an object that is there is replaced.</param>
    /// <param name="md5">Whether each part's MD5 goes with it.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<bool> PutAsync(InitiateMultipartUploadRequest start, string path, long length, PutCondition condition, bool md5, CancellationToken cancellationToken)
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

    /// <summary>Parts that are not thrown away cost money. What cannot be reached now is left to the bucket's life cycle rule.</summary>
    private async Task AbortAsync(string key, string upload)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await client.AbortMultipartUploadAsync(bucket, key, upload, limit.Token);
        }
        catch (Exception e) when (e is Amazon.Runtime.AmazonServiceException or Amazon.Runtime.AmazonClientException or OperationCanceledException or HttpRequestException)
        {
            // The reason that matters is on its way already.
        }
    }
}
