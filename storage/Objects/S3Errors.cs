using System.Net;
using System.Security.Authentication;
using Amazon.Runtime;
using Amazon.S3;
using Broadcast.Media.Storage;

namespace Broadcast.Storage.Objects;

/// <summary>Translates S3 errors into messages that name service and bucket, but never a key.</summary>
internal sealed class S3Errors(string endpoint, string bucket)
{
    /// <summary>Bucket and service, for messages.</summary>
    public string Location { get; } = $"bucket '{bucket}' at {endpoint}";

    public ObjectStoreException TimedOut(string operation, TimeSpan limit) =>
        new(ObjectStoreErrorKind.Unreachable, $"{operation}: {Location} did not answer within {limit.TotalSeconds:0} s.");

    public ObjectStoreException Explain(Exception exception, string operation) => exception switch
    {
        ObjectStoreException known => known,
        AmazonS3Exception s3Error when s3Error.StatusCode != default =>
            FromErrorCode(CodeOf(s3Error), s3Error.StatusCode, operation, s3Error),
        _ when Find<AuthenticationException>(exception) is { } tls =>
            new(ObjectStoreErrorKind.Unreachable,
                $"{operation}: {Location} has a certificate that is not trusted ({tls.Message}). Set Storage:AuthorityFile to the "
                + "certificate of its authority, and use a host name that the certificate covers.", exception),
        _ when FindNetworkError(exception) is { } network =>
            new(ObjectStoreErrorKind.Unreachable,
                $"{operation}: {Location} could not be reached ({network.Message}). Check Storage:Endpoint and the network.", exception),
        AmazonClientException or AmazonServiceException when exception.Message.Contains("credential", StringComparison.OrdinalIgnoreCase)
            || exception.Message.Contains("IAM", StringComparison.Ordinal) =>
            new(ObjectStoreErrorKind.Denied,
                $"{operation}: no credentials were found for {Location}. Set Storage:AccessKey and Storage:SecretKey, or assign a role "
                + "to the machine.", exception),
        _ => new(ObjectStoreErrorKind.Other, $"{operation}: {Location} failed ({exception.GetType().Name}: {exception.Message}).",
            exception),
    };

    /// <summary>
    /// Translates an S3 error code. The response body may contain the access key ID, so credential errors have no inner exception.
    /// </summary>
    public ObjectStoreException FromErrorCode(string code, HttpStatusCode status, string operation, Exception? inner) =>
        (code, status) switch
        {
            ("NoSuchBucket", _) => NoBucket(operation),
            ("RequestTimeTooSkewed", _) =>
                new(ObjectStoreErrorKind.Denied,
                    $"{operation}: {Location} reports a wrong clock on this machine ({code}). Correct the clock."),
            ("InvalidAccessKeyId" or "SignatureDoesNotMatch" or "ExpiredToken" or "InvalidToken" or "AuthorizationHeaderMalformed", _)
                or (_, HttpStatusCode.Unauthorized) =>
                new(ObjectStoreErrorKind.Denied,
                    $"{operation}: {Location} rejected the credentials ({code}). Check Storage:AccessKey, Storage:SecretKey and "
                    + "Storage:Region."),
            (_, HttpStatusCode.Forbidden) when !code.Contains("Quota", StringComparison.OrdinalIgnoreCase) =>
                new(ObjectStoreErrorKind.Denied,
                    $"{operation}: {Location} denied access ({code}). Check Storage:AccessKey and Storage:SecretKey, and that the key "
                    + "may list, read, write and delete in the bucket."),
            ("QuotaExceeded" or "InsufficientStorage" or "XMinioStorageFull" or "InsufficientCapacity", _)
                or (_, HttpStatusCode.InsufficientStorage) or (_, HttpStatusCode.Forbidden) =>
                new(ObjectStoreErrorKind.Full, $"{operation}: {Location} has no space left ({code}). Raise its quota or delete recordings.",
                    inner),
            ("SlowDown" or "ServiceUnavailable" or "Busy" or "RequestLimitExceeded" or "TooManyRequests" or "Throttling", _)
                or (_, HttpStatusCode.ServiceUnavailable) or (_, HttpStatusCode.TooManyRequests) =>
                new(ObjectStoreErrorKind.Busy, $"{operation}: {Location} is throttling requests ({code}).", inner),
            (_, >= HttpStatusCode.InternalServerError) or ("RequestTimeout", _) =>
                new(ObjectStoreErrorKind.Unreachable, $"{operation}: {Location} failed ({code}).", inner),
            _ => new(ObjectStoreErrorKind.Other, $"{operation}: {Location} answered {code} ({(int)status}).", inner),
        };

    private static string CodeOf(AmazonS3Exception s3Error) =>
        string.IsNullOrEmpty(s3Error.ErrorCode) ? ((int)s3Error.StatusCode).ToString() : s3Error.ErrorCode;

    public ObjectStoreException NoBucket(string operation) =>
        new(ObjectStoreErrorKind.NoBucket,
            $"{operation}: {Location} does not exist. Create it, or correct Storage:Bucket and Storage:Region.");

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

    private static Exception? FindNetworkError(Exception exception)
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
