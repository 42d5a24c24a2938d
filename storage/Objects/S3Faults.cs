using System.Net;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;
using Broadcast.Media;

namespace Broadcast.Storage.Objects;

/// <summary>Tells what S3's refusal means, in words that name the service and the bucket and never a key.</summary>
internal sealed class S3Faults(string endpoint, string bucket)
{
    /// <summary>The service and bucket, for messages.</summary>
    public string Where { get; } = $"bucket '{bucket}' at {endpoint}";

    public ObjectStoreException Late(string what, TimeSpan limit) =>
        new(ObjectStoreFault.Unreachable, $"{what}: {Where} did not answer within {limit.TotalSeconds:0} s.");

    public ObjectStoreException Explain(Exception exception, string what) => exception switch
    {
        ObjectStoreException known => known,
        AmazonS3Exception refused when refused.StatusCode != default => Refused(CodeOf(refused), refused.StatusCode, what, refused),
        _ when Find<AuthenticationException>(exception) is { } tls =>
            new(ObjectStoreFault.Unreachable, $"{what}: {Where} has a certificate that is not trusted ({tls.Message}). Name the certificate of its authority in Storage:AuthorityFile, and use the name that the certificate is for.", exception),
        _ when FindNetworkFault(exception) is { } network =>
            new(ObjectStoreFault.Unreachable, $"{what}: {Where} could not be reached ({network.Message}). Check Storage:Endpoint and the network.", exception),
        AmazonClientException or AmazonServiceException when exception.Message.Contains("credential", StringComparison.OrdinalIgnoreCase) || exception.Message.Contains("IAM", StringComparison.Ordinal) =>
            new(ObjectStoreFault.Denied, $"{what}: no credentials were found for {Where}. Set Storage:AccessKey and Storage:SecretKey, or give the machine a role.", exception),
        _ => new(ObjectStoreFault.Other, $"{what}: {Where} failed ({exception.GetType().Name}: {exception.Message}).", exception),
    };

    /// <summary>A refusal by S3's own error code. The answer's body may repeat the access key's id, so a refusal of credentials carries no inner exception.</summary>
    public ObjectStoreException Refused(string code, HttpStatusCode status, string what, Exception? inner) =>
        (code, status) switch
        {
            ("NoSuchBucket", _) => NoBucket(what),
            ("RequestTimeTooSkewed", _) =>
                new(ObjectStoreFault.Denied, $"{what}: {Where} says that this machine's clock is wrong ({code}). Set the clock."),
            ("InvalidAccessKeyId" or "SignatureDoesNotMatch" or "ExpiredToken" or "InvalidToken" or "AuthorizationHeaderMalformed", _) or (_, HttpStatusCode.Unauthorized) =>
                new(ObjectStoreFault.Denied, $"{what}: {Where} refused the credentials ({code}). Check Storage:AccessKey, Storage:SecretKey and Storage:Region."),
            (_, HttpStatusCode.Forbidden) when !code.Contains("Quota", StringComparison.OrdinalIgnoreCase) =>
                new(ObjectStoreFault.Denied, $"{what}: {Where} refused ({code}). Check Storage:AccessKey and Storage:SecretKey, and that the key may list, read, write and delete in the bucket."),
            ("QuotaExceeded" or "InsufficientStorage" or "XMinioStorageFull" or "InsufficientCapacity", _) or (_, HttpStatusCode.InsufficientStorage) or (_, HttpStatusCode.Forbidden) =>
                new(ObjectStoreFault.Full, $"{what}: {Where} has no room left ({code}). Raise its quota or delete recordings.", inner),
            ("SlowDown" or "ServiceUnavailable" or "Busy" or "RequestLimitExceeded" or "TooManyRequests" or "Throttling", _)
                or (_, HttpStatusCode.ServiceUnavailable) or (_, HttpStatusCode.TooManyRequests) =>
                new(ObjectStoreFault.Busy, $"{what}: {Where} asks for fewer requests ({code}).", inner),
            (_, >= HttpStatusCode.InternalServerError) or ("RequestTimeout", _) =>
                new(ObjectStoreFault.Unreachable, $"{what}: {Where} failed ({code}).", inner),
            _ => new(ObjectStoreFault.Other, $"{what}: {Where} answered {code} ({(int)status}).", inner),
        };

    private static string CodeOf(AmazonS3Exception refused) =>
        string.IsNullOrEmpty(refused.ErrorCode) ? ((int)refused.StatusCode).ToString() : refused.ErrorCode;

    public ObjectStoreException NoBucket(string what) =>
        new(ObjectStoreFault.NoBucket, $"{what}: there is no {Where}. Create it, or correct Storage:Bucket and Storage:Region.");

    private static T? Find<T>(Exception exception)
        where T : Exception
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is T found)
            {
                return found;
            }
        }

        return null;
    }

    private static Exception? FindNetworkFault(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is HttpRequestException or IOException or System.Net.Sockets.SocketException or TimeoutException or WebException)
            {
                return e;
            }
        }

        return null;
    }
}
