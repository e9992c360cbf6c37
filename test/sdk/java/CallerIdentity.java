import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.services.sts.StsClient;

/** Prints who the AWS SDK for Java v2 is by its default credentials, as one line of JSON without a secret. */
public final class CallerIdentity {
    public static void main(String[] arguments) {
        try (StsClient sts = StsClient.create()) {
            System.out.println(identify(sts));
        } catch (RuntimeException error) {
            System.out.println(object("error", textOf(error)));
            System.exit(1);
        }
    }

    private static String identify(StsClient sts) {
        String arn = sts.getCallerIdentity().arn();
        AwsCredentialsIdentity credentials =
                sts.serviceClientConfiguration().credentialsProvider().resolveIdentity().join();
        return object(
                "arn", arn,
                "region", sts.serviceClientConfiguration().region().id(),
                "accessKeyId", credentials.accessKeyId(),
                "expiration", credentials.expirationTime().orElseThrow().toString());
    }

    /** The error as Java shows it, with what caused it. */
    private static String textOf(Throwable error) {
        return Stream.iterate(error, Objects::nonNull, Throwable::getCause)
                .map(Throwable::toString)
                .collect(Collectors.joining("\nCaused by: "));
    }

    private static String object(String... namesAndValues) {
        StringBuilder json = new StringBuilder("{");
        for (int index = 0; index < namesAndValues.length; index += 2) {
            json.append(index == 0 ? "" : ",");
            json.append(quoted(namesAndValues[index])).append(':').append(quoted(namesAndValues[index + 1]));
        }
        return json.append('}').toString();
    }

    private static String quoted(String text) {
        return text.codePoints()
                .mapToObj(character -> switch (character) {
                    case '"', '\\' -> "\\" + (char) character;
                    default -> character < ' ' ? String.format("\\u%04x", character) : Character.toString(character);
                })
                .collect(Collectors.joining("", "\"", "\""));
    }
}
